"""Memory that loaders reserve outside sections, and symbols that they change, before the layout."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pymodutils.arch.model import Arch
from pymodutils.arch.parisc import PARISC, PARISC64
from pymodutils.arch.powerpc64 import PPC64
from pymodutils.arch.s390 import S390
from pymodutils.arch.sparc import SPARC32
from pymodutils.elf.constants import SHN_ABS
from pymodutils.link.areas import SEVEN_AREAS
from pymodutils.link.frob import frob
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.object import Object
from tests.arch.test_frob import CODE, DATA, SYMBOLS
from tests.link.modules import load
from tests.link.objects import Part, Rel, Sym, make


def prepared(arch: Arch, rows: list[Rel], options: Mapping[str, str], symbols: list[Sym]) -> Object:
    """A module with ``rows`` for its text."""
    data = make(arch, [Part(".text", bytes(64), CODE), Part(".data", bytes(8), DATA)], symbols, {1: rows})
    return frob(load(data, arch), LayoutConfig(options=options), "m")


@pytest.mark.parametrize(("expoline", "thunk"), [("y", 22), ("n", 0)])
def test_got_and_plt_of_s390_lie_before_the_module(expoline: str, thunk: int) -> None:
    """A slot of 8 bytes for each symbol, an entry of 22 for each; the thunk of expolines behind them."""
    got, plt = 26, 20  # R_390_GOTENT, R_390_PLT32DBL
    rows = [
        Rel(2, got, 2),
        Rel(8, plt, 1, 2),
        Rel(16, got, 1),
        Rel(24, plt, 3),
        Rel(32, plt, 1),
        Rel(40, got, 2),
    ]
    symbols = [Sym("a"), Sym("b"), Sym("_GLOBAL_OFFSET_TABLE_")]
    made = prepared(S390, rows, {"EXPOLINE": expoline}, symbols)
    assert made.frobbed.front == 2 * 8 + 2 * 22 + thunk
    assert made.frobbed.places == {("got", 2): 0, ("got", 1): 8, ("plt", 1): 16, ("plt", 3): 38}
    assert list(made.symbols.sections) == [0, 0, 0, SHN_ABS]
    assert prepared(S390, rows[:1], {"EXPOLINE": expoline}, symbols).frobbed.front == 8


def test_got_of_s390_lies_before_the_text() -> None:
    """In MOD_TEXT since 6.4; module_frob_arch_sections() of arch/s390."""
    made = prepared(S390, [Rel(0, 26, 1)], {}, SYMBOLS[:1])  # R_390_GOTENT
    found = layout(made, LayoutConfig(SEVEN_AREAS))
    assert (found.placed[1], found.placed[2]) == ((0, 8), (1, 0))


def test_stubs_of_parisc_lie_before_each_section() -> None:
    """One more than there are calls; with 64 bits there are slots and descriptors, too."""
    rows = [Rel(0, 12, 1), Rel(4, 74, 1), Rel(8, 74, 2)]  # PCREL17F, PCREL22F
    rows += [Rel(at, 1, 1) for at in (12, 16)]  # DIR32
    narrow = prepared(PARISC, rows, {}, SYMBOLS[:2]).frobbed
    assert (narrow.front, narrow.before[1], narrow.before[2]) == (0, 8 * (1 + 3), 8)
    rows = [Rel(0, 74, 1), Rel(4, 34, 1), Rel(8, 38, 2), Rel(16, 64, 1), Rel(24, 64, 1)]  # LTOFF, FPTR64
    wide = prepared(PARISC64, rows, {}, SYMBOLS[:2]).frobbed
    assert (wide.front, wide.before[1], wide.before[2]) == (32 + 2 * 32, 16 * (1 + 1), 16)
    assert wide.places == {("got", 0): 3}


def test_registers_of_sparc_are_no_imports() -> None:
    register = 13  # STT_REGISTER
    symbols = [Sym("#scratch", info=0x10 | register), Sym("import"), Sym("here", 4, 1, 0x10 | register)]
    assert list(prepared(SPARC32, [], {}, symbols).symbols.sections) == [0, SHN_ABS, 0, 1]


def test_names_of_powerpc64_lose_their_dots() -> None:
    symbols = [Sym(".a"), Sym("b"), Sym(".TOC."), Sym(".here", 0, 1)]
    data = make(PPC64, [Part(".text", bytes(8)), Part(".stubs")], symbols, {})
    table = frob(load(data, PPC64), LayoutConfig(), "m").symbols
    assert [table.name(at) for at in range(1, 5)] == ["a", "b", "TOC.", ".here"]
    assert list(table.sections) == [0, 0, 0, SHN_ABS, 1]
