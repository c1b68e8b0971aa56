"""What an architecture is, as values: facts, and a table with one row for each relocation.

A calculation is written in the psABI's letters, and the names of its parameters say what it is given:

    S  value of the symbol                A  addend (of a REL relocation: what its field holds)
    P  address of the place               V  the whole word at the place, before
    G  address of the slot, made by the   L  where a branch goes or what a pointer holds: the target,
       loader, that holds S+A                or a stub or descriptor that the loader has made for it
    GP what the global pointer holds      B  address of the patched section
    D  what r_info holds beside number and symbol

All are signed numbers of the machine's width, so kernel addresses are small negative ones. A result is
wrapped to that width before its alignment and its range are checked.
"""

from __future__ import annotations

from functools import cache, partial
from itertools import compress
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pymodutils.arch.field import Field, Range, word
from pymodutils.arch.lanes import Lanes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pymodutils.arch.frob import Frobbed, LoadInfo
    from pymodutils.arch.plt_got import PlacedModule, StubBuilder

ByteOrder = Literal["little", "big"]


class Diagnostic(NamedTuple):
    """What the kernel logs, a line or more, and the errno that goes with it; with 0 it goes on.

    ``text`` may name {prefix} {module} {section} {relsec} {symbol} {anonymous} {against} {number} {name}
    {index} {offset} {size} {place} {value} {signed} {words} {S} {sum}: ``value``, ``S`` and ``sum`` (S+A) as
    the machine's words without sign, ``words`` of ``value`` in fours of bytes, ``size`` in bytes, of the
    patched section, ``anonymous`` the symbol or that word, ``against`` the symbol or "section N".
    """

    text: str
    errno: int


def no_op() -> int:
    """The calculation of relocations that do nothing."""
    return 0


def accumulated(L: int) -> int:
    """All that belongs to the place, stored when the section is done."""
    return L


class RelocType(NamedTuple):
    """One relocation as one line: name, calculation, field, range, alignment."""

    name: str
    calc: Callable[..., int] = no_op
    field: Field = word(8)
    range: Range | None = None  # None: the kernel does not look
    align: int = 1  # the value must be a multiple
    overflow: Diagnostic | None = None  # where it differs from the architecture's; of both, if alone
    misaligned: Diagnostic | None = None
    refused: Diagnostic | None = None  # whatever the value
    needs: str = ""  # the CONFIG_ option without which the kernel does not know it
    since: tuple[int, int] = (0, 0)  # the first release that knows it

    @property
    def letters(self) -> tuple[str, ...]:
        """What the calculation asks for, in the order in which it wants it."""
        return _parameters(self.calc)

    @property
    def vectorized(self) -> bool:
        """Whether the calculation takes columns of numbers as Lanes."""
        return _takes_lanes(self.calc)

    @property
    def action(self) -> tuple[object, ...]:
        """All but the name: rows with equal actions do the same."""
        return (type(self.field), *self[1:])

    @property
    def stores(self) -> bool:
        """Whether it puts something at its place when it is its turn."""
        return self.calc not in (no_op, accumulated)

    @property
    def needs_stub(self) -> bool:
        """Whether the loader may have to make something for it."""
        return "L" in self.letters or "G" in self.letters


@cache
def _parameters(calc: Callable[..., int]) -> tuple[str, ...]:
    code = calc.__code__
    return code.co_varnames[: code.co_argcount]


def _slice(start: int, end: int, column: Sequence[int]) -> list[int]:
    return list(column[start:end])


@cache
def _takes_lanes(calc: Callable[..., Any]) -> bool:
    one = Lanes(0, 1)
    try:
        return isinstance(calc(*[one] * len(_parameters(calc))), Lanes)
    except TypeError:
        return False


class RInfo(NamedTuple):
    """What a column of r_info says, in columns."""

    numbers: Sequence[int]
    symbols: Sequence[int]  # indices into .symtab
    D: Sequence[int] | None = None


class Relocations(NamedTuple):
    """Relocations of one section in columns.

    ``Arch.pair`` is given those of REL sections with S and A as lists, which it changes in place before they
    are applied, and the address of the patched section; it gives back the reason against each index that it
    finds fault with. Without it S is had when needed.
    """

    numbers: Sequence[int]
    symbols: Sequence[int]  # indices into .symtab
    offsets: Sequence[int]  # of the places, in their section
    A: list[int] | None  # None: they lie in the fields of the places
    S: list[int] | None = None
    P: list[int] | None = None
    L: list[int] | None = None  # G too: what Arch.builder has made for each
    D: Sequence[int] | None = None
    V: list[int] | None = None  # what stands at the places, if it is known already
    refused: Mapping[int, Diagnostic] = {}  # by index; behind the last: when all others have passed

    def only(self, chosen: Sequence[bool]) -> Relocations:
        """Those for which ``chosen`` is true."""
        return self._each(lambda column: list(compress(column, chosen)))

    def of(self, numbers: Iterable[int]) -> Relocations:
        """Those that have one of ``numbers``."""
        return self.only(list(map(frozenset(numbers).__contains__, self.numbers)))

    def ordered(self, order: Sequence[int]) -> Relocations:
        """The same ones in this ``order``."""
        return self._each(lambda column: list(map(column.__getitem__, order)))

    def one(self, at: int) -> Relocations:
        """The one at ``at``."""
        return self._each(lambda column: list(column[at : at + 1]))

    def portions(self, size: int) -> Iterator[Relocations]:
        """The same ones, at most ``size`` at once."""
        if len(self.offsets) <= size:
            yield self
            return
        for at in range(0, len(self.offsets), size):
            yield self._each(partial(_slice, at, at + size))

    def _each(self, part: Callable[[Sequence[int]], list[int]]) -> Relocations:
        A, S, P, L, D, V = (None if column is None else part(column) for column in self[3:9])
        return Relocations(part(self.numbers), part(self.symbols), part(self.offsets), A, S, P, L, D, V)


NEVER: Final = Diagnostic("", 0)  # by machines whose rows have nothing to complain about


class Extable(NamedTuple):
    """An entry of __ex_table: two addresses, of an instruction and of where to go on, and perhaps more."""

    codes: str  # struct's
    relative: int = 0  # how many of these addresses are seen from themselves


class SinceRelease(NamedTuple):
    """Fields of an Arch that are others from a release on, and with the CONFIG_ option that it ``needs``."""

    release: tuple[int, int]
    facts: Mapping[str, Any]
    needs: str = ""


KERNEL_TEXT: Final = {32: 0xC010_0000, 64: 0xFFFF_FFFF_8100_0000}
RELATIVE: Final = Extable("ii4s", relative=2)
WORDS: Final = {32: Extable("II"), 64: Extable("QQ")}  # the generic one, by width


class Arch(NamedTuple):
    """All that differs between architectures.

    To add one: copy the psABI's table into ``arch/<name>.py``, one row a line, with the ranges that the
    kernel checks; fill in what is keyed by machine; give ``pair`` only if some relocation needs another to
    know its value, ``frob`` and ``builder`` only if the loader makes slots, stubs or descriptors
    (arch.plt_got); add it to the cases of tests/arch, where GNU ld judges each bit.
    """

    name: str  # the kernel's: ARCH=
    machines: tuple[int, ...]  # the e_machine that elf_check_arch accepts
    bits: Literal[32, 64]
    order: ByteOrder
    relocs: Mapping[int, RelocType]
    unknown: Diagnostic  # of numbers without a row
    overflow: Diagnostic = NEVER
    misaligned: Diagnostic = NEVER
    nonzero_target: Diagnostic | None = None  # when the place must be all zero first
    nonzero_target_last: bool = False  # whether the value is looked at before the place
    rel: Diagnostic | None = None  # why SHT_REL sections are refused; None: they are applied
    rela: Diagnostic | None = None  # the same of SHT_RELA
    prefix: str = ""  # of the log lines about relocations
    uname: str = ""  # uname -m; the kernel's name of the architecture if empty
    config: str = ""  # the CONFIG_ option, without the prefix, that a kernel for this machine sets
    page_size: int | None = None  # bytes, if the machine has one size only
    vermagic: str | None = None  # MODULE_ARCH_VERMAGIC, if no option changes it
    switches: tuple[str, ...] = ()  # options, without CONFIG_, that decide about modules of this machine only
    prel32: bool = False  # HAVE_ARCH_PREL32_RELOCATIONS: export tables hold distances
    text: int = 0  # the link address of the kernel; 0: by width
    memory: Range = Range(0, 0)  # where module_alloc looks for room
    spare: Range = Range(0, 0)  # where it looks when that is full
    beside: Callable[[Range], tuple[Range, Range]] | None = None  # both by the kernel's _text and _end
    optional: frozenset[str] = frozenset()  # undefined symbols that may stay 0 though not weak
    init: tuple[str, ...] = (".init",)  # how the names of sections freed after init() begin
    exit: tuple[str, ...] = (".exit",)  # the same of those that only removal needs
    small: int = 0  # ARCH_SHF_SMALL: sections that the global pointer reaches, placed last
    ident: bool = False  # whether elf_check_arch looks at EI_CLASS, too
    accepts: Callable[[int, int], bool] | None = None  # of e_flags and e_entry; None: all are
    extable: Extable = RELATIVE
    r_info: Callable[[Sequence[int]], RInfo] | None = None  # what r_info says, if that is unusual
    by_word: Callable[[Relocations, memoryview], Relocations] | None = (
        None  # the same, by what is at the places
    )
    pair: Callable[[Relocations, int], dict[int, Diagnostic]] | None = None
    got: frozenset[int] = frozenset()  # types without a row that only position-independent code has
    paired: frozenset[int] = frozenset()  # a section without these numbers does not need ``pair``
    error_values: Range | None = None  # values of symbols that stand for none
    unknown_symbol: Diagnostic = NEVER  # said of those
    weak: bool = True  # but not where such a symbol is weak: its relocations are passed over
    out_of_bounds: (
        tuple[Diagnostic, Diagnostic] | tuple[()]
    ) = ()  # said of symbols and of places beyond the end
    frob: Callable[[LoadInfo], Frobbed] | None = None  # module_frob_arch_sections
    builder: Callable[[PlacedModule], StubBuilder] | None = None
    options: Mapping[str, str] = {}  # what is taken to be configured if nothing is known
    always: Mapping[str, tuple[int, int]] = {}  # those that have become the only way, and since when
    since_release: tuple[SinceRelease, ...] = ()  # what holds instead in other kernels, the latest last
    calls: tuple[str, ...] = ()  # functions of the kernel that its stubs lead to

    @property
    def machine_name(self) -> str:
        """The name that uname -m prints."""
        return self.uname or self.name

    @property
    def kernel_text(self) -> int:
        """The address at which a kernel of this machine is linked, unless its image tells another."""
        return self.text or KERNEL_TEXT[self.bits]

    def placed(self, kernel: Range) -> Arch:
        """The same with module memory where a kernel that spans ``kernel`` has it."""
        if self.beside is None:
            return self
        memory, spare = self.beside(kernel)
        return self._replace(memory=memory, spare=spare)

    def configured(self, known: Mapping[str, str], release: tuple[int, int]) -> dict[str, str]:
        """The options of a kernel of ``release`` of whose configuration this is known."""
        grown = {name: "y" for name, since in self.always.items() if release >= since}
        return {**self.options, **known, **grown}

    def fitting(self, options: Mapping[str, str], release: tuple[int, int]) -> Arch:
        """The same for a kernel of this configuration and release, which may not know all relocations."""
        now = self
        for change in self.since_release:
            if release >= change.release and (not change.needs or options.get(change.needs) == "y"):
                now = now._replace(**change.facts)
        unknown = [
            number
            for number, row in now.relocs.items()
            if row.since > release or (row.needs and options.get(row.needs) != "y")
        ]
        relocs = {number: row for number, row in now.relocs.items() if number not in unknown}
        return now._replace(relocs=relocs) if unknown else now


REL_UNSUPPORTED: Final = "module {module}: REL relocation unsupported"  # said of RELA too; moduleloader.h
