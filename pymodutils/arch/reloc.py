"""Relocations: the type as one line, what the kernel says of one, and those of a section in columns."""

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
    """What the kernel logs, a line or more, and the errno that goes with it; with 0 it goes on.

    ``text`` may name {prefix} {module} {section} {relsec} {symbol} {anonymous} {against} {number} {name}
    {index} {offset} {size} {place} {value} {signed} {words} {S} {sum}: ``value``, ``S`` and ``sum`` (S+A) as
    the machine's words without sign, ``words`` of ``value`` in fours of bytes, ``size`` in bytes, of the
    patched section, ``anonymous`` the symbol or that word, ``against`` the symbol or "section N".
    """

    text: str
    errno: int


class RelocType(NamedTuple):
    """One relocation as one line: name, calculation, field, range, alignment."""

    name: str
    calc: Formula = no_op
    field: Field = word(8)
    range: Range | None = None  # None: the kernel does not look
    align: int = 1  # the value must be a multiple
    overflow: Diagnostic | None = None  # where it differs from the architecture's; of both, if alone
    misaligned: Diagnostic | None = None
    refused: Diagnostic | None = None  # whatever the value
    needs: str = ""  # the CONFIG_ option without which the kernel does not know it
    since: tuple[int, int] = (0, 0)  # the first release that knows it

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
        return "L" in self.calc.letters or "G" in self.calc.letters


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


def _slice(start: int, end: int, column: Sequence[int]) -> list[int]:
    return list(column[start:end])
