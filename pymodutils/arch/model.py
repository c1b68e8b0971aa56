"""What an architecture is, as values: facts, and a table with one row for each relocation.

A calculation is written in the psABI's letters, and the names of its parameters say what it is given:

    S  value of the symbol                A  addend (of a REL relocation: what its field holds)
    P  address of the place               V  the whole word at the place, before
    D  what r_info holds beside number and symbol

All are signed numbers of the machine's width, so kernel addresses are small negative ones. A result is
wrapped to that width before its range is checked.
"""

from __future__ import annotations

from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ByteOrder = Literal["little", "big"]
CODES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}  # struct's letters by bytes; it has none for three
PREFIXES: Final = {"little": "<", "big": ">"}


class Bits(NamedTuple):
    """Bits ``high..low`` of the value, ``rounding`` added first, land at bit ``at`` of the word."""

    high: int
    low: int
    at: int
    rounding: int = 0


class Field(NamedTuple):
    """Where the bits of a value sit in the ``size`` bytes at the place; made by ``word`` and ``insn``."""

    size: int
    parts: tuple[Bits, ...]
    order: ByteOrder | None  # None: the order of the data
    mask: int  # the bits of the word that belong to the field

    @property
    def whole(self) -> bool:
        """Whether nothing of the old word is kept."""
        return self.parts == (Bits(8 * self.size - 1, 0, 0),)

    def put(self, word: int, value: int) -> int:
        """``word`` with ``value`` in the field."""
        word &= ~self.mask
        for high, low, at, rounding in self.parts:
            word |= (value + rounding >> low & (1 << high - low + 1) - 1) << at
        return word

    def get(self, word: int) -> int:
        """The value that the field of ``word`` holds: signed, bits that are not stored are 0."""
        value = 0
        for high, low, at, _ in self.parts:
            value |= (word >> at & (1 << high - low + 1) - 1) << low
        sign = 1 << max(part.high for part in self.parts)
        return (value ^ sign) - sign


def insn(size: int, *parts: tuple[int, ...], order: ByteOrder | None = None) -> Field:
    """A field of ``size`` bytes; each of ``parts`` is (high, low, at) or (high, low, at, rounding)."""
    bits = tuple(Bits(*part) for part in parts)
    mask = 0
    for part in bits:
        mask |= (1 << part.high - part.low + 1) - 1 << part.at
    return Field(size, bits, order, mask)


def word(bits: int) -> Field:
    """A field that is all of ``bits`` bits in the order of the data."""
    return insn(bits // 8, (bits - 1, 0, 0))


class Range(NamedTuple):
    """The values that fit: ``low <= value < high``."""

    low: int
    high: int


def signed(bits: int, rounding: int = 0) -> Range:
    """What ``bits`` bits hold in two's complement once ``rounding`` is added."""
    half = 1 << bits - 1
    return Range(-half - rounding, half - rounding)


def unsigned(bits: int) -> Range:
    """What ``bits`` bits hold without a sign."""
    return Range(0, 1 << bits)


class Says(NamedTuple):
    """What the kernel logs, a line or more, and the errno that goes with it; with 0 it goes on.

    ``text`` may name {prefix} {module} {section} {relsec} {symbol} {number} {name} {index} {place} {value}
    {sum}: ``value`` as the machine's word without sign, ``sum`` the same of S+A.
    """

    text: str
    errno: int


def ignored() -> int:
    """The calculation of relocations that do nothing."""
    return 0


class Reloc(NamedTuple):
    """One relocation as one line: name, calculation, field, range, alignment."""

    name: str
    calc: Callable[..., int] = ignored
    field: Field = word(8)
    range: Range | None = None  # None: the kernel does not look
    align: int = 1  # the value must be a multiple
    overflow: Says | None = None  # where it differs from the architecture's
    misaligned: Says | None = None  # the same
    refused: Says | None = None  # whatever the value

    @property
    def letters(self) -> tuple[str, ...]:
        """What the calculation asks for, in the order in which it wants it."""
        return _parameters(self.calc)

    @property
    def action(self) -> tuple[object, ...]:
        """All but the name: rows with equal actions do the same."""
        return self[1:]


@cache
def _parameters(calc: Callable[..., int]) -> tuple[str, ...]:
    code = calc.__code__
    return code.co_varnames[: code.co_argcount]


class Info(NamedTuple):
    """What a column of r_info says, in columns."""

    numbers: Sequence[int]
    symbols: Sequence[int]  # indices into .symtab
    D: Sequence[int] | None = None


class Fixups(NamedTuple):
    """Relocations of one section in columns.

    ``Arch.pair`` is given S, A and P as lists, which it changes in place before they are applied, and gives
    back the reason against each index that it finds fault with. Without it S and P are had when needed.
    """

    numbers: Sequence[int]
    symbols: Sequence[int]  # indices into .symtab
    offsets: Sequence[int]  # of the places, in their section
    A: list[int] | None  # None: they lie in the fields of the places
    S: list[int] | None = None
    P: list[int] | None = None
    D: Sequence[int] | None = None
    rela: bool = True  # whether A came from records, not from the places
    refused: Mapping[int, Says] = {}  # by index

    def only(self, chosen: Sequence[bool]) -> Fixups:
        """Those for which ``chosen`` is true."""
        A, S, P, D = (None if column is None else list(compress(column, chosen)) for column in self[3:7])
        numbers, symbols, offsets = (list(compress(column, chosen)) for column in self[:3])
        return Fixups(numbers, symbols, offsets, A, S, P, D, self.rela)

    def one(self, at: int) -> Fixups:
        """The one at ``at``."""
        here = slice(at, at + 1)
        A, S, P, D = (None if column is None else list(column[here]) for column in self[3:7])
        return Fixups(self.numbers[here], self.symbols[here], self.offsets[here], A, S, P, D, self.rela)


NEVER: Final = Says("", 0)  # by machines whose rows have nothing to complain about


class Extable(NamedTuple):
    """An entry of __ex_table: two addresses, of an instruction and of where to go on, and perhaps more."""

    codes: str  # struct's
    relative: bool = False  # the addresses are seen from themselves


class Span(NamedTuple):
    """Addresses ``low <= address < high``."""

    low: int
    high: int


RELATIVE: Final = Extable("ii4s", relative=True)
WORDS: Final = {32: Extable("II"), 64: Extable("QQ")}  # the generic one, by width


class Arch(NamedTuple):
    """All that differs between architectures.

    To add one: copy the psABI's table into ``arch/<name>.py``, one row a line, with the ranges that the
    kernel checks; give ``pair`` only if some relocation needs another to know its value; name the module
    in ``arch.MODULES``; add it to the cases of tests/arch, where GNU ld judges each bit.
    """

    name: str  # the kernel's: ARCH=
    machines: tuple[int, ...]  # the e_machine that elf_check_arch accepts
    bits: Literal[32, 64]
    order: ByteOrder
    relocs: Mapping[int, Reloc]
    unknown: Says  # of numbers without a row
    overflow: Says = NEVER
    misaligned: Says = NEVER
    occupied: Says | None = None  # when the place must be all zero first
    rel: Says | None = None  # why SHT_REL sections are refused; None: they are applied
    rela: Says | None = None  # the same of SHT_RELA
    prefix: str = ""  # of the log lines about relocations
    memory: Span = Span(0, 0)  # where module_alloc looks for room
    optional: frozenset[str] = frozenset()  # undefined symbols that may stay 0 though not weak
    init: tuple[str, ...] = (".init",)  # how the names of sections freed after init() begin
    small: int = 0  # ARCH_SHF_SMALL: sections that the global pointer reaches, placed last
    extable: Extable = RELATIVE
    info: Callable[[Sequence[int]], Info] | None = None  # what r_info says, if that is unusual
    by_word: Callable[[Fixups, memoryview], Sequence[int]] | None = None  # numbers, by what is at the places
    pair: Callable[[Fixups], dict[int, Says]] | None = None
    paired: frozenset[int] = frozenset()  # a section without these numbers does not need ``pair``
    accepts: Callable[[int, int], bool] | None = None  # of e_flags and e_entry; None: all are


REL_UNSUPPORTED: Final = "module {module}: REL relocation unsupported"  # said of RELA too; moduleloader.h
