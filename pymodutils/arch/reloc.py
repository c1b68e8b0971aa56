"""Relocations: types, messages of the kernel, and the relocations of a section in columns."""

from __future__ import annotations

from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

from pymodutils.arch.field import Field, word
from pymodutils.arch.formula import Formula, accumulated, no_op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pymodutils.arch.range import Range


class Diagnostic(NamedTuple):
    """Log lines of the kernel with the errno; 0 means that loading continues.

    ``text`` may contain {prefix} {module} {section} {relsec} {symbol} {anonymous} {against} {number} {name}
    {index} {offset} {size} {place} {value} {signed} {words} {S} {sum}: ``value``, ``S`` and ``sum`` (S+A) are
    unsigned machine words, ``words`` is ``value`` in groups of 4 bytes, ``size`` that of the patched section
    in bytes, ``anonymous`` the symbol or that word, ``against`` the symbol or "section N".
    """

    text: str
    errno: int


class RelocType(NamedTuple):
    """One relocation as one line: name, calculation, field, range, alignment."""

    name: str
    calc: Formula = no_op
    field: Field = word(8)
    range: Range | None = None  # None: not checked by the kernel
    align: int = 1  # the value must be a multiple
    overflow: Diagnostic | None = None  # if different from the architecture's; a single one for both
    misaligned: Diagnostic | None = None
    refused: Diagnostic | None = None  # for any value
    needs: str = ""  # the CONFIG_ option that enables it
    since: tuple[int, int] = (0, 0)  # the first release with support for it

    @property
    def action(self) -> tuple[object, ...]:
        """All fields except the name: rows with equal actions have equal effect."""
        return (type(self.field), *self[1:])

    @property
    def stores(self) -> bool:
        """Whether it writes to its place when applied."""
        return self.calc not in (no_op, accumulated)

    @property
    def needs_stub(self) -> bool:
        """Whether the loader may have to create an entry for it."""
        return "L" in self.calc.letters or "G" in self.calc.letters


class RInfo(NamedTuple):
    """The decoded columns of r_info."""

    numbers: Sequence[int]
    symbols: Sequence[int]  # indices into .symtab
    D: Sequence[int] | None = None


class Relocations(NamedTuple):
    """Relocations of one section in columns.

    ``Arch.pair`` gets those of REL sections, with S and A as lists that it changes in place before they are
    applied, and the address of the patched section; it returns the diagnostic for each faulty index. Without
    it, S is computed on demand.
    """

    numbers: Sequence[int]
    symbols: Sequence[int]  # indices into .symtab
    offsets: Sequence[int]  # of the places, in their section
    A: list[int] | None  # None: in the fields at the places
    S: list[int] | None = None
    P: list[int] | None = None
    L: list[int] | None = None  # G too: the entries created by Arch.builder
    D: Sequence[int] | None = None
    V: list[int] | None = None  # the words at the places, if already known
    refused: Mapping[int, Diagnostic] = {}  # by index; after the last one: once all others have succeeded

    def only(self, chosen: Sequence[bool]) -> Relocations:
        """The relocations for which ``chosen`` is true."""
        return self._each(lambda column: list(compress(column, chosen)))

    def of(self, numbers: Iterable[int]) -> Relocations:
        """The relocations with one of ``numbers``."""
        return self.only(list(map(frozenset(numbers).__contains__, self.numbers)))

    def ordered(self, order: Sequence[int]) -> Relocations:
        """The relocations in this ``order``."""
        return self._each(lambda column: list(map(column.__getitem__, order)))

    def one(self, at: int) -> Relocations:
        """The relocation ``at``."""
        return self._each(lambda column: list(column[at : at + 1]))

    def portions(self, size: int) -> Iterator[Relocations]:
        """The relocations in portions of at most ``size``."""
        if len(self.offsets) <= size:
            yield self
            return
        for at in range(0, len(self.offsets), size):
            yield self._each(partial(_slice, at, at + size))

    def _each(self, part: Callable[[Sequence[int]], list[int]]) -> Relocations:
        A, S, P, L, D, V = (None if column is None else part(column) for column in self[3:9])
        return Relocations(part(self.numbers), part(self.symbols), part(self.offsets), A, S, P, L, D, V)


def _slice(start: int, end: int, column: Sequence[int]) -> list[int]:
    return list(column[start:end])
