"""Damaged modules that the emulated kernel refuses in the kernel's name: a real one says the same of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.link.failure import OutOfBounds
from tests.kernel.emulated import whole
from tests.kernel.emulated.mutants import Mutator, unsigned
from tests.kernel.emulated.whole import inserted
from tests.lanes import qemu, uml
from tests.link.modules import in_order, paths

pytestmark = [pytest.mark.lane, pytest.mark.slow]
MODULES = ("dummy", "vfat", "nls_utf8", "loop", "tcp_bbr", "macvlan")
EACH = 200


def mutants(tree: str, booted: EmulatedKernel, folder: Path) -> int:
    """Write those mutants into ``folder`` that ``booted`` refuses in the kernel's own words; how many."""
    found: list[bytes] = []
    for seed, name in enumerate(MODULES):
        mutator = Mutator(unsigned(compress.read(str(paths(tree)[name]))), seed)
        found += [it for it in (mutator.mutant() for _ in range(EACH)) if refused(booted, it)]
    folder.mkdir()
    for number, data in enumerate(found):
        (folder / f"{number:05}").write_bytes(data)
    return len(found)


def refused(booted: EmulatedKernel, data: bytes) -> bool:
    """Whether the kernel refuses ``data`` and its real one can be asked, too."""
    try:
        with booted.trial():
            booted.init_module(data)
    except OutOfBounds:
        return False
    except Refused:
        return True
    return False


@pytest.mark.parametrize("name", ["uml", "cloud"])
def test_a_real_kernel_says_the_same(name: str, tmp_path: Path) -> None:
    description = whole.describe(name)
    needed = [path for path in in_order(name, MODULES) if path.stem.replace("-", "_") not in MODULES]
    booted, folder = EmulatedKernel.boot(description), tmp_path / "mutants"
    for path in needed:
        booted.init_module(compress.read(str(path)))
    assert mutants(name, booted, folder) > EACH
    call = ("tests.lanes.guest.mutants:main", [str(path) for path in needed], str(folder))
    theirs: list[Any] = (
        uml.run(*call, seconds=120) if name == "uml" else qemu.run(*call, files=[*needed, folder])
    )
    ours = [inserted(booted, path.read_bytes()) for path in sorted(folder.iterdir())]
    different = [pair for pair in enumerate(zip(ours, theirs, strict=True)) if pair[1][0] != pair[1][1]]
    assert different == []
