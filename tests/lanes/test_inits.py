"""init() of a sample of Debian's modules, compared with QEMU: result and log."""

from __future__ import annotations

import pytest

from tests.lanes import inits

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SAMPLE = 40


def test_init_does_what_it_does_in_qemu() -> None:
    found = dict(inits.differences(inits.CLOUD, SAMPLE))
    assert len(found) >= SAMPLE
    assert {module: how for module, how in found.items() if how} == {}
