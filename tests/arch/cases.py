"""Relocations whose values differ in one bit, and our results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pymodutils.arch.model import Arch
from pymodutils.arch.range import Range, signed
from pymodutils.arch.reloc import RelocType
from pymodutils.elf.scan import Elf
from pymodutils.link import prepare
from pymodutils.link.frob import frob
from pymodutils.link.image import Image
from pymodutils.link.layout import LayoutConfig, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify, unheard
from tests.arch.linkers import Judged
from tests.link.objects import Part, Rel, Sym, make

ADDEND = -4  # of every relocation, in its record or at its place
BEFORE = 0x0123_4567_09AB_CDEF  # what relocations that add find
INIT = 1 << 24  # from the text to what init leaves
ABS, FUNCTION = 0xFFF1, 0x12  # SHN_ABS, a global STT_FUNC
BUNDLE = 16  # bytes of Itanium's instructions, which some values count
EI_OSABI = 7
STEP = 16  # bytes from one place to the next


class Case(NamedTuple):
    """A relocation whose result is ``value`` if its symbol has the value ``symbol``."""

    number: int
    row: RelocType
    value: int
    symbol: int
    addend: int
    before: int  # the word at the place


def cases(judged: Judged, base: int) -> list[Case]:
    """For each row compared alone: each bit of its value with both signs, and the limits of its range."""
    found = _cases(judged, base, 0)
    return _cases(judged, base, pointer(judged, found, base)) if _points(judged) else found


def _points(judged: Judged) -> bool:
    return judged.got is not None or bool(judged.gp)


def pointer(judged: Judged, todo: Sequence[Case], base: int) -> int:
    """The global pointer of a module with these cases."""
    data, imports = built(judged, todo)
    made = image(judged.arch, data, base, LayoutConfig(options=judged.options))
    builder = made.module.arch.builder
    assert builder
    return builder(prepare.memory(made, imports)).gp


def _cases(judged: Judged, base: int, gp: int) -> list[Case]:
    found: list[Case] = []
    for number in plain(judged):
        for value in sorted(targets(judged, number)):
            one = case(judged, number, value, base + len(found) * STEP, gp)
            nothing, worth = judged.arch.error_values, wrapped(judged.arch, one.symbol)
            if not nothing or not nothing.low <= worth < nothing.high:
                found.append(one)
    return found


def plain(judged: Judged) -> Iterator[int]:
    """The types whose value depends only on their own symbol, addend and place."""
    alone = judged.arch.paired - judged.unpaired
    for number, row in judged.arch.relocs.items():
        free = number not in alone and number not in judged.unasked and not row.refused
        free = free and row.since <= judged.release
        if free and {"S", "L"} & {*row.calc.letters}:
            yield number


def targets(judged: Judged, number: int) -> set[int]:
    """Values in range that differ from each other in one bit."""
    row = judged.arch.relocs[number]
    parts = row.field.parts
    low, high = judged.limits.get(number) or row.range or signed(1 + max(part.high for part in parts))
    rounded = any(part.rounding for part in parts)
    step = max(row.align, 1 if rounded else 1 << min(part.low for part in parts))
    wanted = {0, low, high - step, -step, 5 * step}
    wanted |= {sign << bit for bit in range(64) for sign in (1, -1)}
    wanted |= {(1 << part.low) - part.rounding - less for part in parts if part.rounding for less in (0, 1)}
    near = judged.relaxed.get(number, Range(0, 0))
    fits = {value for value in wanted if low <= value < high and not near.low <= value < near.high}
    return {value for value in fits if value % step == 0}


def case(judged: Judged, number: int, value: int, place: int, gp: int = 0) -> Case:
    """The case of type ``number`` at ``place`` with the result ``value``."""
    arch, row = judged.arch, judged.arch.relocs[number]
    addend = 0 if number in judged.zero else ADDEND
    before = row.field.put(0, BEFORE if "V" in row.calc.letters else 0 if judged.rela else addend)
    before = judged.words.get(number, before)
    letters = {"A": addend, "P": wrapped(arch, place), "V": before, "GP": gp}
    if "L" in row.calc.letters and "A" not in row.calc.letters:
        letters["L"] = addend  # which is then in it
    given = [letters.get(letter, 0) for letter in row.calc.letters]
    at = next(at for at, letter in enumerate(row.calc.letters) if letter in "SL")
    step = row.calc(*given[:at], given[at] + BUNDLE, *given[at + 1 :]) - (start := row.calc(*given))
    symbol = start - value if step < 0 else (value - start) * (BUNDLE if step == 1 else 1)
    return Case(number, row, value, symbol & (1 << arch.bits) - 1, addend, before)


def wrapped(arch: Arch, value: int) -> int:
    """``value`` as a signed number of the machine's width."""
    half = 1 << arch.bits - 1
    return (value + half & 2 * half - 1) - half


def built(judged: Judged, todo: Sequence[Case], *, rela: bool | None = None) -> tuple[bytes, dict[str, int]]:
    """A module with all cases, and the values of its imports; ``rela``: RELA even if the kernel uses REL."""
    arch, rela = judged.arch, judged.rela if rela is None else rela
    symbols = [_symbol(judged, case)._replace(name=f"s{at}") for at, case in enumerate(todo)]
    symbols += [Sym(name, 0, 1, FUNCTION) for name in judged.entry]
    byte = 0xFF if judged.slots else -1
    rows = [
        Rel(at * STEP + (case.number & ~byte) // 256, case.number & byte, at + 1, case.addend)
        for at, case in enumerate(todo)
    ]
    places = [_place(arch, case, case.before if rela == judged.rela else 0) for case in todo]
    text = b"".join(place.ljust(STEP, b"\0") for place in places)
    parts = [Part(".text", text, align=16), *judged.parts]
    data = make(arch, parts, symbols, {1: rows}, e_flags=judged.flags, rela=rela)
    imports = {f"s{at}": case.symbol for at, case in enumerate(todo) if not symbols[at].section}
    return data[:EI_OSABI] + bytes([judged.osabi]) + data[EI_OSABI + 1 :], imports


def _symbol(judged: Judged, case: Case) -> Sym:
    """A description of ``case``."""
    if case.number in judged.functions:
        return Sym("", case.symbol | 1, ABS, FUNCTION)
    return Sym("", case.symbol, ABS) if judged.absolute else Sym("")


def _place(arch: Arch, case: Case, before: int) -> bytes:
    return before.to_bytes(case.row.field.size, case.row.field.order or arch.order)


def ours(
    arch: Arch,
    data: bytes,
    imports: Mapping[str, int],
    base: int,
    options: Mapping[str, str] | None = None,
    *,
    release: tuple[int, int] = (6, 1),
    report: Callable[[int, str], None] = unheard,
) -> bytes:
    """The text as we link it at ``base`` for a kernel of ``release`` configured with ``options``."""
    made = image(arch, data, base, LayoutConfig(options=options or {}, release=release))
    relocate(made, simplify(made, "module", imports.__getitem__, report), "module", report)
    return bytes(made.section(1))


def image(arch: Arch, data: bytes, base: int, config: LayoutConfig) -> Image:
    """The module ``data`` in memory, not yet linked, with its text at ``base``."""
    module = frob(Object(data, Elf(data).sections, arch), config, "module")
    plan = layout(module, config)
    text = plan.placed[1]
    assert text
    return Image(module, plan, (base - text.offset, base + INIT))
