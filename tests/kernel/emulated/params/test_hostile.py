"""Wild parameter pointers and arbitrary lines: accepted or refused."""

from __future__ import annotations

from contextlib import suppress
from struct import pack

from hypothesis import example, given
from hypothesis import strategies as st

from pymodutils.arch.x86 import I386, X86_64
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.params import ParamContext, ParamMemory, parse, show, store
from pymodutils.kernel.emulated.params.table import KERNEL_OPS, read

BASE = 0xC000_0000
ROOM = 400  # bytes of other things behind the section
NAME = BASE + 80
KERNEL = dict(enumerate(KERNEL_OPS, start=0xF000))
ADDRESSES = (
    st.sampled_from([0, 1, *KERNEL]) | st.integers(BASE - 9, BASE + ROOM + 99) | st.integers(0, 2**32 - 1)
)
WORDS = st.lists(ADDRESSES, min_size=ROOM // 4, max_size=ROOM // 4)
ARRAYS = next(at for at, name in KERNEL.items() if name == "param_array_ops")
OPS = st.sampled_from(list(KERNEL)) | ADDRESSES
ARGS = st.just(NAME + 4) | ADDRESSES
LINES = st.text('abc="-, 1x\n\xa0', max_size=40).map(lambda text: text.encode("latin-1"))


def laid_out(ops: int, arg: int, flags: int, words: list[int], *, wide: bool) -> ParamMemory:
    """The memory of a module with one parameter named a, and arbitrary data after it."""
    layout = "<QQQHbBxxxxQ" if wide else "<IIIHbBI"
    section = pack(layout, NAME, 0, ops, 0o644, -1, flags, arg)
    data = section.ljust(NAME - BASE, b"\1") + b"a\0xx" + pack(f"<{len(words)}I", *words)
    return ParamMemory([(BASE, bytearray(data))], X86_64 if wide else I386)


@given(ops=OPS, arg=ARGS, flags=st.integers(0, 3), words=WORDS, line=LINES, wide=st.booleans())
def test_pointers_to_anywhere(
    *, ops: int, arg: int, flags: int, words: list[int], line: bytes, wide: bool
) -> None:
    memory = laid_out(ops, arg, flags, words, wide=wide)
    size, context = (
        (40 if wide else 20),
        ParamContext("module", lambda _level, _text: None, lambda _flag: None),
    )
    [param] = read(BASE, size, memory, KERNEL.get)
    before = len(memory.areas[0][1])
    with suppress(Refused):
        parse(b"a=" + line, [param], memory, context)
    with suppress(Refused):
        store(param, line, memory, context)
    with suppress(Refused):
        assert len(show(param, memory)) < 4096
    assert len(memory.areas[0][1]) == before


@given(WORDS)
def test_a_section_of_anything(words: list[int]) -> None:
    data = pack(f"<{len(words)}I", *words)
    with suppress(Refused):
        read(BASE, len(data), ParamMemory([(BASE, bytearray(data))], I386), KERNEL.get)


@given(st.binary(max_size=200))
def test_any_line(line: bytes) -> None:
    memory = ParamMemory([], X86_64)
    context = ParamContext("module", lambda _level, _text: None, lambda _flag: None)
    assert parse(line, [], memory, context) == 0


def test_a_long_line_takes_no_time() -> None:
    memory, said = ParamMemory([], X86_64), list[str]()
    context = ParamContext("module", lambda _level, text: said.append(text), lambda _flag: None)
    assert parse(b"ab " * 100_000, [], memory, context) == 0
    assert len(said) == 100_000


def test_the_struct_of_a_32_bit_big_endian_machine() -> None:
    """Laid out by hand: three pointers, u16, s8, u8, a pointer; 20 bytes."""
    big = I386._replace(order="big")
    data = pack(">IIIHbBI", BASE + 20, 0, 0xF003, 0o644, -1, 0, BASE + 24) + b"one\0" + pack(">i", -2)
    memory = ParamMemory([(BASE, bytearray(data))], big)
    [param] = read(BASE, 20, memory, KERNEL.get)
    assert (param.name, param.kind, param.perm) == (b"one", "int", 0o644)
    assert show(param, memory) == b"-2\n"
    context = ParamContext("module", lambda _level, _text: None, lambda _flag: None)
    assert parse(b"one=258", [param], memory, context) == 0
    assert memory.areas[0][1][24:] == b"\0\0\1\2"


@example(ops=ARRAYS, most=9, size=4, number=0, elements=NAME, line=b"1,2")
@given(
    ops=OPS,
    most=st.integers(0, 2**32 - 1),
    size=st.integers(0, 9),
    number=ADDRESSES,
    elements=ADDRESSES,
    line=LINES,
)
def test_arrays_of_anything(
    *, ops: int, most: int, size: int, number: int, elements: int, line: bytes
) -> None:
    memory = laid_out(ARRAYS, NAME + 4, 0, [most, size, number, ops, elements, *range(80)], wide=False)
    context = ParamContext("module", lambda _level, _text: None, lambda _flag: None)
    [param] = read(BASE, 20, memory, KERNEL.get)
    with suppress(Refused):
        assert len(show(param, memory)) < 4096
    with suppress(Refused):
        parse(b"a=" + line, [param], memory, context)
