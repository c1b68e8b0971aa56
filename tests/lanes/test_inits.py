"""init() of a sample of Debian's modules, compared with QEMU: result and log."""

from __future__ import annotations

import pytest

from tests.lanes import inits

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SAMPLES = {inits.CLOUD: 40, "arm64": 12, "riscv64": 6}


@pytest.mark.parametrize("name", SAMPLES)
def test_init_does_what_it_does_in_qemu(name: str) -> None:
    found = list(inits.verdicts(name, SAMPLES[name]))
    assert len(found) == SAMPLES[name]
    assert [it for it in found if it.differs and not it.reason] == []
