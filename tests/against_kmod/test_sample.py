"""A sample of ``python -m tests.against_kmod``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.against_kmod.play import machine, play_configuration, play_line
from tests.oracles.modprobe import need_namespaces

pytestmark = [pytest.mark.lane, pytest.mark.slow]
LINES, CONFIGURATIONS = range(0, 3000, 50), range(0, 900, 45)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    here, made = os.getcwd(), tmp_path_factory.mktemp("machine")
    machine(made)
    yield made
    os.chdir(here)


def test_command_lines(root: Path) -> None:
    assert [found for number in LINES if (found := play_line(root, number))] == []


def test_configurations(root: Path) -> None:
    need_namespaces()
    assert [found for number in CONFIGURATIONS if (found := play_configuration(root, number))] == []
