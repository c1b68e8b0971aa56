"""init() of a sample of Debian's modules for arm64, compared with QEMU: result and log."""

from __future__ import annotations

import pytest

from tests.lanes import foreign_inits

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SAMPLE = 12


def test_init_does_what_it_does_in_qemu() -> None:
    count, found = foreign_inits.differences(SAMPLE)
    assert count >= SAMPLE
    assert found == {}
