"""The order produced by the kernel's sort(); lib/sort.c, an unstable heapsort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

INDEX: Final = 32  # bits
LOW: Final = (1 << INDEX) - 1


class _Ties(NamedTuple):
    """Which of two equal children moves up."""

    left: int
    right: int


OLD: Final = _Ties(LOW, 0)
SINCE_6_9: Final = _Ties(0, LOW)


def sort_indexes(keys: Sequence[Any], *, pairs: bool = False) -> list[int]:
    """The indexes of ``keys`` in the order of that heapsort; of equal ones, either may be first.

    ``pairs``: the heapsort of Linux 6.9 and later, which removes the two largest elements at once.
    """
    ranks = {key: rank << INDEX for rank, key in enumerate(sorted(set(keys)))}
    if len(ranks) == len(keys):
        return sorted(range(len(keys)), key=keys.__getitem__)
    heap, ties = [ranks[key] | at for at, key in enumerate(keys)], SINCE_6_9 if pairs else OLD
    for top in range(len(heap) // 2 - 1, -1, -1):
        _sift(heap, top, len(heap), ties)
    (_take_pairs if pairs else _take)(heap)
    return [one & LOW for one in heap]


def _take(heap: list[int]) -> None:
    """Move the largest after the heap until the heap is empty."""
    for end in range(len(heap) - 1, 0, -1):
        heap[0], heap[end] = heap[end], heap[0]
        _sift(heap, 0, end, OLD)


def _take_pairs(heap: list[int]) -> None:
    """The same, the larger child of the root together with it, until three are left."""
    end = len(heap)
    while end > 3:
        heap[0], heap[end - 1] = heap[end - 1], heap[0]
        child = 2 if heap[1] <= heap[2] | LOW else 1
        end -= 2
        heap[child], heap[end] = heap[end], heap[child]
        _sift(heap, child, end, SINCE_6_9)
        _sift(heap, 0, end, SINCE_6_9)
    heap[0], heap[end - 1] = heap[end - 1], heap[0]
    if end == 3 and heap[0] > heap[1] | LOW:
        heap[0], heap[1] = heap[1], heap[0]


def _sift(heap: list[int], top: int, end: int, ties: _Ties) -> None:
    """Move the element at ``top`` to its place in the heap of the first ``end`` elements.

    Descends along the larger children to a leaf, then ascends to the first larger element. Only ranks are
    compared, not the indexes in the low bits.
    """
    left, right = ties
    at, child = top, 2 * top + 2
    while child < end:
        at = child - 1 if heap[child - 1] | left >= heap[child] | right else child
        child = 2 * at + 2
    if child == end:
        at = child - 1
    moved = heap[top]
    highest = moved | LOW
    while at != top and highest >= heap[at]:
        at = (at - 1) // 2
    while at != top:
        heap[at], moved = moved, heap[at]
        at = (at - 1) // 2
    heap[top] = moved
