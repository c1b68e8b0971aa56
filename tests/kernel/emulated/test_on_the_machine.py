"""Damaged modules in a kernel that runs in this process: it says the same as the emulated one."""

from __future__ import annotations

import pytest

from tests.kernel.emulated.on_the_machine.arena import Arena
from tests.kernel.emulated.on_the_machine.known import reason

pytestmark = [pytest.mark.lane, pytest.mark.slow]
SEEDS = (0, 7, 14)  # each with another generator and another module
EACH = 60


@pytest.mark.parametrize("name", ["cloud", "trixie", "forky"])
def test_the_real_kernel_says_the_same(name: str) -> None:
    arena = Arena(name)
    found = [it for seed in SEEDS for it in arena.differences(seed, EACH) if not reason(it)]
    assert found == []
