"""init() of a sample of Debian's modules, compared with QEMU: result and log."""

from __future__ import annotations

import pytest

from tests.lanes import inits

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SAMPLE = 40


def test_init_does_what_it_does_in_qemu() -> None:
    count, found = inits.differences(inits.CLOUD, SAMPLE)
    assert count >= SAMPLE
    assert found == {}
