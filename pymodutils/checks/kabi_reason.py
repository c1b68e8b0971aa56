"""Differences between types as sentences: what changed the CRC of a symbol, or of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.checks.context import count

if TYPE_CHECKING:
    from collections.abc import Iterable


class KabiChange(NamedTuple):
    """What changed for one symbol."""

    symbol: str
    shown: str  # with its parameters: register_netdev(struct net_device *)
    difference: str  # the first one
    way: tuple[str, ...]  # the types that lead there, the outermost first
    others: int | None = None  # how many more types that it reaches differ; None: not counted

    @property
    def text(self) -> str:
        """A sentence."""
        through = f"; reached through {' -> '.join((self.shown, *self.way))}"
        more = f"; {self.others} more types differ" if self.others else ""
        return self.difference + through + more


class TypeDifference(NamedTuple):
    """A difference, and what it affects."""

    said: str
    through: str  # the shortest way to it
    symbols: int  # how many reach it

    @property
    def ways(self) -> str:
        """How it is reached, and by how many symbols."""
        more = f" and {count(self.symbols - 1, 'more symbol')}" if self.symbols > 1 else ""
        return f"reached through {self.through}{more}"

    @property
    def text(self) -> str:
        """A sentence."""
        return f"{self.said}; {self.ways}"


def differences(reasons: Iterable[KabiChange]) -> list[TypeDifference]:
    """The differences in ``reasons``, those that affect the most symbols first."""
    by_type: dict[str, list[KabiChange]] = {}
    for it in reasons:
        by_type.setdefault(it.difference, []).append(it)
    found = []
    for said, same in by_type.items():
        first = min(same, key=lambda it: (len(it.way), len(it.shown)))
        found.append(TypeDifference(said, " -> ".join((first.shown, *first.way)), len(same)))
    return sorted(found, key=lambda it: -it.symbols)
