"""The order in which the kernel's sort() leaves things; lib/sort.c, a heapsort that is not stable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

INDEX: Final = 32  # bits
LOW: Final = (1 << INDEX) - 1


def sort_indexes(keys: Sequence[Any]) -> list[int]:
    """The indexes of ``keys`` as that heapsort arranges them; of equal ones, either may be first."""
    ranks = {key: rank << INDEX for rank, key in enumerate(sorted(set(keys)))}
    heap = [ranks[key] | at for at, key in enumerate(keys)]
    for top in range(len(heap) // 2 - 1, -1, -1):
        _sift(heap, top, len(heap))
    for end in range(len(heap) - 1, 0, -1):
        heap[0], heap[end] = heap[end], heap[0]
        _sift(heap, 0, end)
    return [one & LOW for one in heap]


def _sift(heap: list[int], top: int, end: int) -> None:
    """Move what is at ``top`` to its place in the heap of the first ``end``.

    The way leads down along the larger children (the left one, of equals) to a leaf, and from there up to
    the first that is larger. Ranks are compared, not the indexes below them.
    """
    at, right = top, 2 * top + 2
    while right < end:
        at = right - 1 if heap[right - 1] | LOW >= heap[right] else right
        right = 2 * at + 2
    if right == end:
        at = right - 1
    moved = heap[top]
    highest = moved | LOW
    while at != top and highest >= heap[at]:
        at = (at - 1) // 2
    while at != top:
        heap[at], moved = moved, heap[at]
        at = (at - 1) // 2
    heap[top] = moved
