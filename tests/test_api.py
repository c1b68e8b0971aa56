"""The public interface, and the examples of docs/api.md."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Callable
from errno import EINVAL, ENOENT
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


def program() -> str:
    """The examples of docs/api.md as one program; expression statements are printed."""
    parser = doctest.DocTestParser()
    examples = parser.get_examples((REPOSITORY / "docs/api.md").read_text())
    return "machine: str\n" + "".join(example.source for example in examples)


def strictly(text: str, folder: Path) -> list[str]:
    """The output of mypy --strict for a program."""
    (folder / "program.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "program.py"]
    environment = {**os.environ, "MYPYPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def test_the_examples_are_typed(tmp_path: Path) -> None:
    assert strictly(program(), tmp_path) == []


def test_the_example_in_the_readme_is_typed(tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert strictly(example, tmp_path) == []


HELLO = REPOSITORY / "demo/try/hello.ko"
KERNEL = REPOSITORY / "demo/try/6.1.json"


@pytest.mark.parametrize(("modules", "kernels"), [([HELLO], []), ([], [KERNEL]), ([], []), ((), "running")])
def test_nothing_to_check_is_an_error(modules: list[Path], kernels: list[Path]) -> None:
    with pytest.raises(pymodutils.ModutilsError) as raised:
        pymodutils.check(modules, kernels)
    assert raised.value.errno == EINVAL


def test_what_is_not_there_is_enoent(tmp_path: Path) -> None:
    missing = tmp_path / "nosuch"
    calls: list[Callable[[], object]] = [
        lambda: pymodutils.check(HELLO, missing),
        lambda: pymodutils.check(HELLO, f"{missing}*"),
        lambda: pymodutils.check(missing, KERNEL),
        lambda: pymodutils.check(HELLO, KERNEL, more=missing),
        lambda: pymodutils.check(HELLO, KERNEL, trust=missing),
        lambda: pymodutils.describe(missing),
        lambda: pymodutils.modinfo(missing, root=pymodutils.Root(tmp_path)),
        lambda: pymodutils.Index.open(missing),
        lambda: pymodutils.Modules(root=pymodutils.Root(tmp_path)).graph(),
    ]
    for call in calls:
        with pytest.raises(pymodutils.ModutilsError) as raised:
            call()
        assert raised.value.errno == ENOENT


def test_paths_may_be_of_pathlib(tmp_path: Path) -> None:
    text = pymodutils.check(str(HELLO), str(KERNEL), cached=False)
    assert (
        pymodutils.check([HELLO], KERNEL, more=[HELLO.parent], firmware=tmp_path, cached=False).ok == text.ok
    )
    assert pymodutils.modinfo(HELLO).values("license") == ["GPL"]
    assert pymodutils.describe(KERNEL).release == pymodutils.describe(str(KERNEL)).release
    modules = pymodutils.Modules("1.2", root=pymodutils.Root(tmp_path), config=tmp_path)
    assert modules.path == f"{tmp_path}/lib/modules/1.2"


@pytest.mark.parametrize("name", pymodutils.__all__)
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
    text = (
        "import pymodutils\n"
        "names: list[str] = [it.name for it in pymodutils.loaded()]\n"
        "plans: list[pymodutils.Load] = pymodutils.Modules().plan('vfat')\n"
        "wrong: int = pymodutils.modinfo('vfat')\n"
    )
    found = strictly(text, tmp_path)
    assert [line.partition(": ")[0] for line in found] == ["program.py:4"]
