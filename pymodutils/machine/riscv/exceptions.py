"""Exceptions of RISC-V: entry of the kernel's vector; Privileged Architecture, 12.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.machine.paging import Unmapped
from pymodutils.machine.riscv import operand
from pymodutils.machine.riscv.registers import SIE, SPIE, SPP

if TYPE_CHECKING:
    from pymodutils.machine.riscv.registers import RiscvRegisters

ILLEGAL, BREAKPOINT, FETCH_FAULT, FETCH_PAGE_FAULT = 2, 3, 1, 12  # in scause
TIMER: Final = 1 << 63 | 5
ACCESSES: Final = frozenset({4, 5, 6, 7, 13, 15})  # loads and stores: misaligned, access and page faults
EBREAK, C_EBREAK = 0x0010_0073, 0x9002
DIRECT: Final = -4  # of stvec: the address
HALF: Final = 2  # bytes of a compressed instruction


def deliver(cpu: RiscvRegisters) -> bool:
    """Enter the vector for the exception that stopped ``cpu``, if any."""
    if cpu.undefined:  # unicorn tells nothing of a breakpoint
        known = instruction(cpu) in (EBREAK, C_EBREAK)
        enter(cpu, BREAKPOINT if known else ILLEGAL, 0)
        return True
    if cpu.exception is None:
        return False
    enter(cpu, cpu.exception, _value(cpu, cpu.exception))
    return True


def enter(cpu: RiscvRegisters, cause: int, value: int) -> None:
    """Trap into supervisor mode, from there; ``value`` is for stval."""
    status = cpu["SSTATUS"]
    cpu["SSTATUS"] = status & ~(SIE | SPIE) | (SPIE if status & SIE else 0) | SPP
    cpu["SEPC"], cpu["SCAUSE"], cpu["STVAL"] = cpu.pc, cause, value
    cpu["PC"] = cpu["STVEC"] & DIRECT


def instruction(cpu: RiscvRegisters) -> int:
    """The instruction at which ``cpu`` stands; raises Unmapped."""
    cpu.read_roots()
    low = int.from_bytes(_code(cpu, cpu.pc), "little")
    return (
        low if not operand.is_whole(low) else low | int.from_bytes(_code(cpu, cpu.pc + HALF), "little") << 16
    )


def _code(cpu: RiscvRegisters, address: int) -> bytes:
    return cpu.space.read(address, HALF) if cpu["SATP"] else cpu.ram[address : address + HALF]


def _value(cpu: RiscvRegisters, cause: int) -> int:
    if cause in (FETCH_FAULT, FETCH_PAGE_FAULT):
        return cpu.pc
    if cause not in ACCESSES:
        return 0
    try:
        return operand.address(instruction(cpu), lambda number: cpu[f"X{number}"]) or 0
    except Unmapped:
        return 0
