"""Facts about a kernel, read from modules built for it."""

from __future__ import annotations

from struct import pack

import pytest

from pymodutils.arch.x86 import X86_64
from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.elf.scan import Elf
from pymodutils.kernel.sources.modules import PREL32, Union
from tests.link.objects import Part, Rel, Sym, make


def exporter(entry: int, step: int, align: int) -> Elf:
    """A module with two exports whose entries have ``entry`` bytes and fields ``step`` bytes apart."""
    table = Part("__ksymtab", bytes(2 * entry), SHF_ALLOC, align=align)
    rows = [Rel(at * entry + field * step, 1, 1) for at in (0, 1) for field in (0, 1)]
    return Elf(make(X86_64, [table, Part(".text", bytes(8), SHF_ALLOC)], [Sym("it", 0, 2)], {1: rows}))


@pytest.mark.parametrize("align", [4, 8])  # 7.x aligns distances to 8
@pytest.mark.parametrize(("entry", "step", "relative"), [(12, 4, True), (8, 4, True), (24, 8, False)])
def test_relocations_tell_distances_from_pointers(entry: int, step: int, align: int, relative: bool) -> None:
    modules = Union()
    modules.add(exporter(entry, step, align))
    assert modules.describe("DIR").switches == {PREL32: relative}


def test_no_exports_tell_nothing() -> None:
    modules = Union()
    modules.add(Elf(make(X86_64, [Part(".text", pack("<Q", 0), SHF_ALLOC)], [], {})))
    assert PREL32 not in modules.describe("DIR").switches
