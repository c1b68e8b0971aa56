"""PLT entries and stubs as GNU objdump disassembles them: each call has to arrive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.arch.stubs import MACHINES, Machine, kept, memory

EVERY = [pytest.param(one, id=one.name) for one in MACHINES]


@pytest.mark.parametrize("machine", EVERY)
def test_modules_are_linked_as_those_that_were_read(machine: Machine) -> None:
    assert memory(machine.called()) == kept(machine)


@pytest.mark.lane
@pytest.mark.parametrize("machine", EVERY)
def test_calls_arrive(machine: Machine, tmp_path: Path) -> None:
    assert machine.read(tmp_path) == kept(machine)
