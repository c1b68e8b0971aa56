"""The kernel's way of sorting, which shows in the order of what is equal; lib/sort.c."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def heap_sorted(rows: Sequence[T], key: Callable[[T], int]) -> list[T]:
    """``rows`` by ``key``; equal ones as the kernel's heapsort leaves them."""
    found = sorted(rows, key=key)
    keys = [key(row) for row in found]
    if len(set(keys)) == len(keys):
        return found
    heap = [(key(row), row) for row in rows]
    for root in range(len(heap) // 2 - 1, -1, -1):
        _sift(heap, root, len(heap))
    for end in range(len(heap) - 1, 0, -1):
        heap[0], heap[end] = heap[end], heap[0]
        _sift(heap, 0, end)
    return [row for _, row in heap]


def _sift(heap: list[tuple[int, T]], root: int, end: int) -> None:
    """Bring the element at ``root`` down: first the way to a leaf, then up to where it belongs."""
    path = [root]
    while (child := 2 * path[-1] + 1) < end:
        right = child + 1
        path.append(right if right < end and heap[child][0] < heap[right][0] else child)
    while len(path) > 1 and heap[root][0] >= heap[path[-1]][0]:
        path.pop()
    moved = heap[root]
    for above, below in pairwise(path):
        heap[above] = heap[below]
    heap[path[-1]] = moved
