"""Hints for a missing module directory, and for kernels without module support."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pymodutils.depends import hints
from tests.depends.depmod.made import VERSION, module, place
from tests.oracles.modprobe import here


def nothing(_: Path) -> None:
    pass


def others(root: Path) -> None:
    for at in range(7):
        (root / f"lib/modules/6.1.{at}").mkdir(parents=True)


def one(root: Path) -> None:
    (root / "lib/modules/6.2").mkdir(parents=True)
    (root / "lib/modules/README").touch()


def usr(root: Path) -> None:
    (root / f"usr/lib/modules/{VERSION}").mkdir(parents=True)


def no_index(root: Path) -> None:
    (root / f"lib/modules/{VERSION}").mkdir(parents=True)


LOST: dict[Callable[[Path], None], str] = {
    nothing: "there are no modules of any kernel in ROOT/lib/modules",
    one: f"there are no modules of {VERSION} in ROOT/lib/modules, only of 6.2",
    others: f"there are no modules of {VERSION} in ROOT/lib/modules, only of "
    "6.1.2, 6.1.3, 6.1.4, 6.1.5, 6.1.6 and 2 more",
    usr: f"the modules of {VERSION} are in ROOT/usr/lib/modules: make ROOT/lib/modules a link to it",
    no_index: f"ROOT/lib/modules/{VERSION} has no modules.dep.bin: run depmod",
}
EACH = pytest.mark.parametrize("made", LOST, ids=lambda made: made.__name__)


@EACH
def test_modprobe_and_modinfo(made: Callable[[Path], None], tmp_path: Path) -> None:
    made(tmp_path)
    hint = LOST[made].replace("ROOT", str(tmp_path))
    where = ["-d", str(tmp_path), "-S", VERSION]
    said = here(*where, "m")
    first = f"modprobe: FATAL: Module m not found in directory {tmp_path}/lib/modules/{VERSION}"
    assert (said.err.splitlines(), said.status) == ([first, f"modprobe: WARNING: {hint}"], 1)
    assert here("--compat", "34", *where, "m").err.splitlines() == [first]
    assert here("-q", *where, "m").err == ""
    assert len(here("-a", *where, "m", "n").err.splitlines()) == 4
    said = here("-b", str(tmp_path), "-k", VERSION, "m", tool="modinfo")
    assert said.err.splitlines() == ["modinfo: ERROR: Module m not found.", f"modinfo: WARNING: {hint}"]


def test_depmod(tmp_path: Path) -> None:
    one(tmp_path)
    said = here("-b", str(tmp_path), VERSION, tool="depmod")
    assert said.err.splitlines()[-1] == f"depmod: WARNING: {LOST[one].replace('ROOT', str(tmp_path))}"
    assert said.status == 1


def test_nothing_is_said_where_all_is_well(tmp_path: Path) -> None:
    tree = place(tmp_path, {"kernel/m.ko": module()})
    assert here("-b", str(tmp_path), VERSION, tool="depmod").status == 0
    assert hints.about(str(tree.modules)) == ""
    said = here("-d", str(tmp_path), "-S", VERSION, "nosuch")
    assert len(said.err.splitlines()) == 1


def test_a_kernel_without_modules(tmp_path: Path) -> None:
    words = "lsmod: ERROR: this kernel has no support for loadable modules (CONFIG_MODULES)"
    assert words not in here("--sysroot", str(tmp_path), tool="lsmod").err  # /proc is not mounted
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/version").touch()
    assert here("--sysroot", str(tmp_path), tool="lsmod").err.splitlines()[-1] == words
