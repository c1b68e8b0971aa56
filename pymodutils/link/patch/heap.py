"""The kernel's way of sorting, which shows in the order of what is equal; lib/sort.c."""

from __future__ import annotations

from itertools import pairwise
from operator import ge, gt
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Before = Callable[[int, int], bool]

T = TypeVar("T")


def heap_sorted(rows: Sequence[T], key: Callable[[T], int], *, pairs: bool = False) -> list[T]:
    """``rows`` by ``key``; equal ones as the kernel's heapsort leaves them.

    ``pairs``: the heapsort that takes the two largest at once, of kernels since 6.9.
    """
    found = sorted(rows, key=key)
    keys = [key(row) for row in found]
    if len(set(keys)) == len(keys):
        return found
    heap = [(key(row), row) for row in rows]
    for root in reversed(range(len(heap) // 2)):
        _sift(heap, root, len(heap), gt if pairs else ge)
    if pairs:
        _take_pairs(heap)
    else:
        _take(heap)
    return [row for _, row in heap]


def _take(heap: list[tuple[int, T]]) -> None:
    """Move the largest behind the heap until nothing is left of it."""
    for end in reversed(range(1, len(heap))):
        _swap(heap, 0, end)
        _sift(heap, 0, end, ge)


def _take_pairs(heap: list[tuple[int, T]]) -> None:
    """The same, the larger child of the root together with it, until three are left."""
    end = len(heap)
    while end > 3:  # noqa: PLR2004 -- smaller ones have no two children to choose from
        _swap(heap, 0, end - 1)
        child = 2 if heap[1][0] <= heap[2][0] else 1
        end -= 2
        _swap(heap, child, end)
        _sift(heap, child, end, gt)
        _sift(heap, 0, end, gt)
    _swap(heap, 0, end - 1)
    if end == 3 and heap[0][0] > heap[1][0]:  # noqa: PLR2004 -- two are left
        _swap(heap, 0, 1)


def _sift(heap: list[tuple[int, T]], root: int, end: int, left_wins: Before) -> None:
    """Bring the element at ``root`` down: first the way to a leaf, then up to where it belongs."""
    path = [root]
    while (child := 2 * path[-1] + 1) < end:
        right = child + 1
        path.append(child if right >= end or left_wins(heap[child][0], heap[right][0]) else right)
    while len(path) > 1 and heap[root][0] >= heap[path[-1]][0]:
        path.pop()
    moved = heap[root]
    for above, below in pairwise(path):
        heap[above] = heap[below]
    heap[path[-1]] = moved


def _swap(heap: list[tuple[int, T]], one: int, other: int) -> None:
    heap[one], heap[other] = heap[other], heap[one]
