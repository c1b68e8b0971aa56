"""Fixtures of the command tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.checks.made import Desk
from tests.oracles.kmod import kmod34
from tests.oracles.trees import Tree, linked, tree


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def amd64(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Debian's amd64 tree with the indexes that kmod 34 makes for it."""
    made = linked(tree("amd64"), tmp_path_factory.mktemp("amd64"))
    subprocess.run([*kmod34("depmod"), "-b", str(made.root), made.version], check=True)
    return made


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Debian's cloud tree with indexes."""
    made = linked(tree("cloud"), tmp_path_factory.mktemp("cloud"))
    subprocess.run([*kmod34("depmod"), "-b", str(made.root), made.version], check=True)
    return made
