"""Tables of places that a kernel patches when it loads a module; x86's module_finalize()."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack, unpack

import pytest

from pymodutils.arch.patch import RunningKernel
from pymodutils.arch.x86 import X86_64
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE
from pymodutils.link.areas import SEVEN_AREAS, TWO_AREAS, Plan
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.patch import apply
from tests.link.modules import load
from tests.link.objects import Part, Sym, make

A, W, X = SHF_ALLOC, SHF_WRITE, SHF_EXECINSTR
BASES = tuple(0xFFFF_FFFF_C000_0000 + 0x10_0000 * at for at in range(7))
FENTRY, THUNK = 0xFFFF_FFFF_8100_0000, 0xFFFF_FFFF_8100_0100
NOP, RETURN = bytes.fromhex("0f1f440000"), bytes.fromhex("c3cccccccc")
ENDBR, SEALED = bytes.fromhex("f30f1efa"), bytes.fromhex("660f1f00")
CALL, JUMP, LOCK, DS = b"\xe8", b"\xe9", b"\xf0", b"\x3e"
TEXT, INIT = 1, 2  # the sections of code


def image(
    table: str, text: bytes, entries: Sequence[int], init: bytes = b"", plan: Plan = TWO_AREAS
) -> Image:
    """A module with code, and ``table`` of relative words for ``entries``, which are addresses."""
    parts = [
        Part(".text", text.ljust(64, b"\x90"), A | X, align=16),
        Part(".init.text", init.ljust(64, b"\x90"), A | X, align=16),
        Part(table, bytes(4 * len(entries)), A, align=8),
    ]
    symbols = [Sym("__fentry__"), Sym("__x86_return_thunk"), Sym("__SCT__call")]
    module = load(make(X86_64, parts, symbols, {}))
    made = Image(module, layout(module, LayoutConfig(plan)), BASES[: len(plan.areas)])
    start = made.addresses[3]
    content = b"".join(pack("<i", to - start - 4 * at) for at, to in enumerate(entries))
    made.section(3)[: len(content)] = content
    return made


VALUES = (0, FENTRY, THUNK, FENTRY + 0x40)


def branch(opcode: bytes, place: int, target: int) -> bytes:
    return opcode + pack("<i", target - place - 5)


START = BASES[0]


def patched(made: Image, kernel: RunningKernel | None = None) -> tuple[dict[str, int], bytes, bytes]:
    done = apply(made, VALUES, kernel or RunningKernel())
    return done, bytes(made.section(TEXT)), bytes(made.section(INIT))


def test_jumps_to_the_return_thunk_become_returns() -> None:
    text = branch(JUMP, START, THUNK) + branch(CALL, START + 5, THUNK) + branch(JUMP, START + 10, THUNK + 1)
    entries = [START, START + 5, START + 10]
    done, after, _ = patched(image(".return_sites", text, entries))
    assert done == {".return_sites": 1}
    assert after[:15] == RETURN + text[5:]
    thunks = RunningKernel(return_thunks=True)
    assert patched(image(".return_sites", text, entries), thunks)[:2] == (
        {".return_sites": 0},
        text.ljust(64, b"\x90"),
    )


@pytest.mark.parametrize("seven", [False, True])
def test_a_return_at_the_end_of_the_code(seven: bool) -> None:
    """Five bytes are replaced, of which all have to be the module's."""
    plan = SEVEN_AREAS if seven else TWO_AREAS
    text = bytes(59) + branch(JUMP, START + 59, THUNK)
    done, after, _ = patched(image(".return_sites", text, [START + 59], plan=plan))
    assert done == {".return_sites": 1}
    assert after[59:] == RETURN
    assert patched(image(".return_sites", text, [START - 1], plan=plan))[0] == {".return_sites": 0}
    size = len(image(".return_sites", text, [], plan=plan).memory[0])
    assert patched(image(".return_sites", text, [START + size - 4], plan=plan))[0] == {".return_sites": 0}


def test_endbr_is_sealed() -> None:
    text = ENDBR + SEALED + b"\x90" * 4
    made = image(".ibt_endbr_seal", text, [START, START + 4, START + 8])
    done, after, _ = patched(made)
    assert done == {".ibt_endbr_seal": 2}
    assert after[:12] == SEALED * 2 + b"\x90" * 4


@pytest.mark.parametrize("plan", [TWO_AREAS, SEVEN_AREAS], ids=["two", "seven"])
def test_locks_of_the_text_go_on_one_processor(plan: Plan) -> None:
    text = LOCK + b"\x90" + LOCK + b"\x90" * 60 + LOCK
    init = BASES[4] if plan is SEVEN_AREAS else BASES[1]
    made = image(".smp_locks", text, [START, START + 1, START + 63, init], LOCK, plan)
    done, after, freed = patched(made)
    assert done == {".smp_locks": 2}
    assert (after[0:1], after[1:2], after[2:3], after[63:]) == (DS, b"\x90", LOCK, DS)
    assert freed[:1] == LOCK
    several = image(".smp_locks", text, [START], LOCK, plan)
    assert patched(several, RunningKernel(one_cpu=False))[0] == {".smp_locks": 0}
    assert bytes(several.section(TEXT))[:1] == LOCK


def table(name: str, codes: str, rows: Sequence[Sequence[int]], rest: bytes = b"") -> tuple[Image, int]:
    """A module with ``table``, whose words are relative to their places; and its address."""
    size = len(pack("<" + codes, *([0] * len(codes))))
    parts = [Part(".text", bytes(64), A | X), Part(".init.text", bytes(64), A | X)]
    parts += [Part(name, bytes(size * len(rows)) + rest, A | W, align=8)]
    symbols = [Sym("__fentry__"), Sym("__x86_return_thunk"), Sym("__SCT__call")]
    module = load(make(X86_64, parts, symbols, {}))
    made = Image(module, layout(module, LayoutConfig()), BASES[:2])
    start = made.addresses[3]
    content = b""
    for row in rows:
        for code, word in zip(codes, row, strict=True):
            content += pack("<" + code, word - start - len(content))
    made.section(3)[: len(content)] = content
    return made, start


def rows_of(made: Image, codes: str, start: int) -> list[tuple[int, ...]]:
    raw, rows, at = bytes(made.section(3)), [], 0
    widths = [8 if code == "q" else 4 for code in codes]
    while at + sum(widths) <= len(raw):
        row = []
        for code, width in zip(codes, widths, strict=True):
            row.append(unpack("<" + code, raw[at : at + width])[0] + start + at)
            at += width
        rows.append(tuple(row))
    return rows


KEY = BASES[0] + 0x8000


def test_jump_labels_are_sorted_by_key_and_code() -> None:
    """Of equal keys, whatever their flags, by code; what init() frees is flagged by 2, the branch by 1."""
    init = BASES[1]
    rows = [
        (START + 8, START + 9, KEY + 16 | 1),
        (START + 4, START + 9, KEY),
        (init + 4, init + 9, KEY | 1),
        (START + 2, START + 9, KEY | 2),
        (init + 63, init, KEY + 16),
    ]
    made, start = table("__jump_table", "iiq", rows, b"\xaa")
    assert apply(made, VALUES) == {"__jump_table": 4}
    assert rows_of(made, "iiq", start) == [
        (START + 2, START + 9, KEY),
        (START + 4, START + 9, KEY),
        (init + 4, init + 9, KEY | 3),
        (START + 8, START + 9, KEY + 16 | 1),
        (init + 63, init, KEY + 16 | 2),
    ]
    assert bytes(made.section(3))[-1:] == b"\xaa"
    assert apply(made, VALUES) == {"__jump_table": 0}  # in order


def test_static_calls_are_sorted_by_key() -> None:
    """The key of a trampoline takes its place; flags stay, and init's is set."""
    init, trampoline = BASES[1], VALUES[3]
    near = FENTRY + 0x1000
    rows = [(START + 8, near | 1), (START + 4, trampoline), (init + 4, near - 64)]
    keys = RunningKernel(static_keys={trampoline: near - 32})
    made, start = table(".static_call_sites", "ii", rows)
    assert apply(made, VALUES, keys) == {".static_call_sites": 3}
    assert rows_of(made, "ii", start) == [
        (init + 4, near - 64 | 2),
        (START + 4, near - 32),
        (START + 8, near | 1),
    ]
    unknown, start = table(".static_call_sites", "ii", rows)
    assert apply(unknown, VALUES) == {".static_call_sites": 0}
    assert rows_of(unknown, "ii", start) == rows


@pytest.mark.parametrize("gap", [bytes(6), b"\1\2\3\4\xf0\xf8"])
def test_unwind_entries_are_sorted_gaps_first(gap: bytes) -> None:
    """An entry without register and type ends what is before it."""
    frames = [b"\1\0\0\0\5\0", b"\2\0\0\0\1\0", gap, b"\4\0\0\0\0\1"]
    places = [START + 16, START + 8, START + 8, START]
    made, start = table(".orc_unwind_ip", "i", [(place,) for place in places])
    parts = [
        Part(".text", bytes(64), A | X),
        Part(".init.text", bytes(64), A | X),
        Part(".orc_unwind_ip", bytes(made.section(3)), A, align=8),
        Part(".orc_unwind", b"".join(frames), A, align=8),
    ]
    module = load(make(X86_64, parts, [], {}))
    made = Image(module, layout(module, LayoutConfig()), BASES[:2])
    assert made.addresses[3] != 0
    content = b"".join(pack("<i", place - made.addresses[3] - 4 * at) for at, place in enumerate(places))
    made.section(3)[:] = content
    assert apply(made, (0,)) == {".orc_unwind_ip": 2}
    assert rows_of(made, "i", made.addresses[3]) == [(START,), (START + 8,), (START + 8,), (START + 16,)]
    assert bytes(made.section(4)) == frames[3] + gap + frames[1] + frames[0]
    assert start
