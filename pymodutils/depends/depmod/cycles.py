"""Report dependency cycles in the order of kmod's walk, which does not always terminate.

The walk leads from each unnumbered module along its dependencies, the last one first, back to itself. In a
cycle without the start it continues until kmod's stack overflows (it aborts), or forever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    Way = tuple[int, ...]

STEPS: Final = 100_000  # steps, after which a walk counts as endless


def named(
    names: Sequence[str], needs: Sequence[Sequence[int]], numbers: Sequence[int]
) -> tuple[list[list[str]], int]:
    """The cycles as kmod reports them, and the number of modules in them.

    If its walk does not end: a shortest cycle of each strongly connected component. ``numbers`` are those of
    ``order.number``.
    """
    ways = walk(needs, numbers)
    if ways is not None:
        return [[names[at] for at in way] for way in ways], len({at for way in ways for at in way[:-1]})
    from pymodutils.depends import graph  # noqa: PLC0415 -- imports networkx

    direct = ([names[at] for at in each] for each in needs)
    built = graph.build(dict(zip(names, direct, strict=True)))
    rank = {name: at for at, name in enumerate(names)}
    return graph.cycles(built, rank.__getitem__), len(graph.tangled(built))


class _Endless(Exception):
    """The walk exceeds kmod's stack, or does not end."""


def walk(needs: Sequence[Sequence[int]], numbers: Sequence[int]) -> list[Way] | None:
    """The cycles, each beginning and ending with its start; None if kmod's walk does not end."""
    walking = _Walk(needs, [at for at, number in enumerate(numbers) if number < 0])
    try:
        while walking.starts:
            walking.round(walking.starts.pop(0))
    except _Endless:
        return None
    return walking.found


class _Walk:
    """A walk from each of ``starts``; modules that it visits are no longer starts."""

    def __init__(self, needs: Sequence[Sequence[int]], starts: list[int]) -> None:
        self.needs, self.starts = needs, starts
        self.room = len(starts)
        self.visited: set[int] = set()
        self.found: list[Way] = []

    def round(self, start: int) -> None:
        """Find the cycles through ``start``."""
        stack: list[Way] = [(start,)]
        for _ in range(STEPS):
            if not stack:
                return
            stack += self._step(start, stack.pop())
            if len(stack) > self.room:
                break
        raise _Endless

    def _step(self, start: int, way: Way) -> list[Way]:
        """The next steps from the end of ``way``."""
        at = way[-1]
        if at == start and at in self.visited:
            self.found.append(way)
            for passed in way[:-1]:
                self.starts = _without(passed, self.starts)
            return []
        self.visited.add(at)
        if not self.needs[at]:
            self.starts = _without(at, self.starts)
        return [(*way, need) for need in self.needs[at]]


def _without(at: int, starts: list[int]) -> list[int]:
    """``starts`` without ``at``; the ring continues after it."""
    if at not in starts:
        return starts
    place = starts.index(at)
    return starts[place + 1 :] + starts[:place]
