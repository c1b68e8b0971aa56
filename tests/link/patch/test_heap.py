"""However equal elements end up (real kernels show it elsewhere), what comes out is sorted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pymodutils.link.patch.heap import heap_sorted

ROWS = st.lists(st.tuples(st.integers(0, 9), st.integers()), max_size=60)


@given(ROWS, st.booleans())
def test_sorted_and_nothing_lost(rows: list[tuple[int, int]], pairs: bool) -> None:
    found = heap_sorted(rows, lambda row: row[0], pairs=pairs)
    assert [key for key, _ in found] == sorted(key for key, _ in rows)
    assert sorted(found) == sorted(rows)
