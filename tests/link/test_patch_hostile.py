"""Malformed patch tables, and tables that name places outside the module."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pymodutils.arch.patch import RunningKernel
from pymodutils.arch.x86 import I386, X86_64
from pymodutils.arch.x86_patch import PATCHES
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.patch import apply
from tests.link.modules import load
from tests.link.objects import Part, Sym, make

NAMES = (*PATCHES, ".orc_unwind")
BASE = 0xFFFF_FFFF_C000_0000
FENTRY = 0xFFFF_FFFF_8100_0000
CALL = b"\xe8" + (FENTRY - BASE - 5 & 0xFFFF_FFFF).to_bytes(4, "little")


def image(tables: dict[str, bytes], text: bytes = CALL) -> Image:
    parts = [Part(".text", text, SHF_ALLOC | SHF_EXECINSTR)]
    parts += [Part(name, data, SHF_ALLOC) for name, data in tables.items()]
    module = load(make(X86_64, parts, [Sym("__fentry__"), Sym("__SCT__x")], {}))
    return Image(module, layout(module, LayoutConfig()), (BASE, BASE + (1 << 20)))


VALUES = (0, FENTRY, FENTRY + 16)


@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=60)), st.booleans())
def test_garbage(tables: dict[str, bytes], pairs: bool) -> None:
    made = image(tables)
    before = bytes(made.memory[0][: len(CALL)])
    done = apply(made, VALUES, RunningKernel(sorts_pairs=pairs, static_keys={FENTRY + 16: FENTRY + 64}))
    assert set(done) == tables.keys() - {".orc_unwind"}
    if bytes(made.memory[0][: len(CALL)]) != before:
        assert any(done.values())


def test_a_call_of_something_else_stays() -> None:
    table = {"__mcount_loc": BASE.to_bytes(8, "little")}
    there, elsewhere = image(table), image(table, b"\xe8\0\0\0\0")
    assert apply(there, VALUES) == {"__mcount_loc": 1}
    assert apply(elsewhere, VALUES) == {"__mcount_loc": 0}
    assert there.memory[0][:5] == bytes.fromhex("0f1f440000")  # what the real kernel writes
    assert elsewhere.memory[0][:5] == b"\xe8\0\0\0\0"


def test_other_architectures_change_nothing() -> None:
    module = load(make(I386, [Part("__mcount_loc", bytes(8), SHF_ALLOC)], [], {}), I386)
    assert apply(Image(module, layout(module, LayoutConfig()), (0xF800_0000, 0)), (0,)) == {}
