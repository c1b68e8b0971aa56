"""Exceptions of arm64: entry of the kernel's vectors; Arm ARM (DDI 0487), D1.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.machine.arm64.registers import EL1H, MASKED, MODE, STEPPED
from pymodutils.machine.arm64.syndrome import Syndrome

if TYPE_CHECKING:
    from pymodutils.machine.arm64.registers import Arm64Registers

SYNCHRONOUS, INTERRUPT = 0x200, 0x280  # offsets from VBAR_EL1, from EL1 with SP_EL1
ABORTS: Final = frozenset({3, 4})  # EXCP_PREFETCH_ABORT, EXCP_DATA_ABORT in unicorn


def deliver(cpu: Arm64Registers) -> bool:
    """Enter the vector of the exception that stopped ``cpu``, if any."""
    if cpu.exception is None:
        return False
    esr, far = Syndrome.of(cpu.uc)
    if cpu.exception in ABORTS:
        cpu.set_system("FAR_EL1", far)
    cpu.set_system("ESR_EL1", esr)
    enter(cpu, SYNCHRONOUS)
    return True


def enter(cpu: Arm64Registers, vector: int) -> None:
    """Enter ``vector``; Arm ARM, D1.3.2."""
    state = cpu["PSTATE"]
    cpu["PSTATE"] = state & ~(MASKED | MODE | STEPPED) | MASKED | EL1H
    cpu["ELR_EL1"] = cpu.pc
    cpu["PC"] = cpu["VBAR_EL1"] + vector
    cpu.set_system("SPSR_EL1", state)
