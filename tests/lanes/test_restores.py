"""Restores and loads leak neither memory nor descriptors."""

from __future__ import annotations

import pytest

from tests.lanes import restores

pytestmark = [pytest.mark.lane, pytest.mark.slow]
ROOM = 24 << 20  # bytes: translated code still grows


def test_restores_leave_nothing() -> None:
    first, *_, last = restores.play(80, 20)
    assert last.descriptors == first.descriptors
    assert last.memory - first.memory < ROOM
