"""Linking a module imports the tables of its own machine only."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pymodutils.arch import MODULES
from tests.environment import without_coverage

NAMES = sorted(set(MODULES.values()))
FAMILIES = {"powerpc64": {"powerpc64", "powerpc"}}  # what 64 bits share with 32
ASK = """
import sys
from importlib import import_module
for name in sys.argv[1:]:
    for known in [known for known in sys.modules if known.startswith("pymodutils")]:
        del sys.modules[known]
    import_module(f"pymodutils.arch.{name}")
    print(name, *(known.rpartition(".")[2] for known in sys.modules if known.startswith("pymodutils.arch.")))
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    """The modules imported along with each architecture."""
    command = [sys.executable, "-c", ASK, *NAMES]
    done = subprocess.run(command, env=without_coverage(), capture_output=True, text=True, check=True)
    return {name: set(others) for name, *others in map(str.split, done.stdout.splitlines())}


@pytest.mark.parametrize("name", NAMES)
def test_an_architecture_imports_no_other(name: str, imported: dict[str, set[str]]) -> None:
    assert imported[name] & set(NAMES) == FAMILIES.get(name, {name})
