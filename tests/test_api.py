"""The public interface, and the examples of docs/api.md."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import pymodutils
from tests.oracles.trees import linked, tree

REPOSITORY = Path(__file__).parent.parent


@pytest.mark.lane
def test_the_examples_say_the_truth(tmp_path: Path) -> None:
    found = linked(tree("uml"), tmp_path)
    (tmp_path / "proc/sys/kernel").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/osrelease").write_text(f"{found.version}\n")
    (tmp_path / "proc/modules").write_text("vfat 20480 0 - Live 0x0\nfat 86016 1 vfat, Live 0x0\n")
    failed, tried = doctest.testfile(
        str(REPOSITORY / "docs/api.md"),
        module_relative=False,
        globs={"machine": str(tmp_path)},
        optionflags=doctest.ELLIPSIS,
    )
    assert tried > 15
    assert not failed


@pytest.mark.parametrize("name", dir(pymodutils))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pymodutils, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        pymodutils.nosuch  # noqa: B018


def test_importing_it_imports_nothing_else() -> None:
    code = "import sys, pymodutils; print(*(name for name in sys.modules if name.startswith('pymodutils')))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["pymodutils"]


def test_a_type_checker_knows_the_names(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import pymodutils\n"
        "names: list[str] = [it.name for it in pymodutils.loaded()]\n"
        "plans: list[pymodutils.Load] = pymodutils.Modules().plan('vfat')\n"
        "wrong: int = pymodutils.modinfo('vfat')\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(program)]
    done = subprocess.run(
        command, cwd=tmp_path, env={"MYPYPATH": str(REPOSITORY)}, capture_output=True, text=True, check=False
    )
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == ["program.py:4"]
