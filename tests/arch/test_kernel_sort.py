"""kernel_sort sorts; the order of equal elements is tested with real kernels."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pymodutils.arch.kernel_sort import sort_indexes


@given(st.lists(st.integers(0, 9), max_size=60), st.booleans())
def test_sorted_and_nothing_lost(keys: list[int], pairs: bool) -> None:
    found = sort_indexes(keys, pairs=pairs)
    assert sorted(found) == list(range(len(keys)))
    assert [keys[at] for at in found] == sorted(keys)


def test_equal_elements_of_both_generations() -> None:
    """As Linux 6.1 and 6.12 leave them: tests/link against those kernels."""
    keys = [3, 1, 3, 1, 3, 2, 2]
    assert sort_indexes(keys) == [1, 3, 5, 6, 2, 4, 0]
    assert sort_indexes(keys, pairs=True) == [3, 1, 6, 5, 4, 2, 0]
