"""Selecting symbols by columns, compared with one at a time."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from pymodutils.link import columns

HALVES = st.lists(st.sampled_from([0, 1, 2, 255, 256, 257, 0xFF00, 0xFFF1, 0xFFFF]))


@given(HALVES, st.sets(st.sampled_from([1, 2, 256, 0xFFF1, 0xFFFF])))
def test_halfwords_are_found(column: list[int], wanted: set[int]) -> None:
    assert list(columns.among(array("H", column), wanted)) == [each in wanted for each in column]


@given(st.lists(st.sampled_from([0, 1, 0x100, 0x10000, 0x1000000, 0x80808080])))
def test_words_other_than_zero(column: list[int]) -> None:
    found = columns.nonzero(array("I", column))
    assert list(found) == list(map(bool, column))
    assert columns.both(found, found) == found
    assert columns.both(found, bytes(len(found))) == bytes(len(found))
