"""The order in which the kernel's sort() leaves things; lib/sort.c, a heapsort that is not stable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def heapsorted(keys: Sequence[Any]) -> list[int]:
    """The indexes of ``keys`` as that heapsort arranges them; of equal ones, either may be first."""
    order = list(range(len(keys)))
    for top in range(len(keys) // 2 - 1, -1, -1):
        _sift(order, keys, top, len(keys))
    for end in range(len(keys) - 1, 0, -1):
        order[0], order[end] = order[end], order[0]
        _sift(order, keys, 0, end)
    return order


def _sift(order: list[int], keys: Sequence[Any], top: int, end: int) -> None:
    """Move what is at ``top`` to its place in the heap of the first ``end``.

    The way leads down along the larger children (the left one, of equals) to a leaf, and from there up to
    the first that is larger.
    """
    at = top
    while 2 * at + 2 < end:
        left, right = 2 * at + 1, 2 * at + 2
        at = left if keys[order[left]] >= keys[order[right]] else right
    if 2 * at + 2 == end:
        at = 2 * at + 1
    while at != top and keys[order[top]] >= keys[order[at]]:
        at = (at - 1) // 2
    moved = order[top]
    while at != top:
        order[at], moved = moved, order[at]
        at = (at - 1) // 2
    order[top] = moved
