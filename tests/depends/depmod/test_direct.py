"""Whom a module needs by its undefined symbols."""

from __future__ import annotations

import pytest

from pymodutils.depends.depmod import order

OWNERS = {b"a": 3, b"b": 1, b"_c": 2, b"c": 4}


@pytest.mark.parametrize(
    ("needs", "prefix", "expected"),
    [
        (b"b\0a\0", b"", [1, 3]),
        (b"a\0b\0a\0none\0", b"", [3, 1]),
        (b".a\0b\0", b"", [3, 1]),  # entry points of ppc64's first ABI
        (b"b\0.a\0", b"", [1, 3]),
        (b"..a\0b\0", b"", [1]),  # one dot
        (b"_c\0", b"", [2]),
        (b"_c\0", b"_", [4]),
        (b"", b"", []),
    ],
)
def test_owners_in_the_order_of_first_use(needs: bytes, prefix: bytes, expected: list[int]) -> None:
    assert order.direct([needs], OWNERS, prefix) == [expected]
