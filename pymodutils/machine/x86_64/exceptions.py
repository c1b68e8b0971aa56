"""Exceptions of x86-64: the error code of a page fault, and the pushed frame.

unicorn does not provide the error code, so W is derived from the opcode; Intel SDM 2, appendix A.
"""

from __future__ import annotations

from struct import pack, unpack
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.machine.paging import PAGE, AddressSpace, Unmapped
from pymodutils.machine.results import Halted
from pymodutils.machine.x86_64.registers import INTERRUPTS

if TYPE_CHECKING:
    from pymodutils.machine.x86_64.registers import X86Registers

TIMER: Final = 0x30  # the vector of IRQ 0; ISA_IRQ_VECTOR in arch/x86/include/asm/irq_vectors.h
INVALID_OPCODE, DOUBLE_FAULT, PAGE_FAULT = 6, 8, 14
WITH_CODE: Final = frozenset({8, 10, 11, 12, 13, 14, 17})
P, W, U, I = 1, 2, 4, 16  # noqa: E741 -- the bits' own names
TRAP, NESTED, RESUME = 0x100, 0x4000, 0x10000
PREFIXES: Final = frozenset(b"\x66\x67\xf2\xf3\xf0\x2e\x36\x3e\x26\x64\x65")
STORES: Final = frozenset(
    b"\x86\x87\x88\x89\x8c\x8f\xc6\xc7\xa2\xa3\xc0\xc1\xd0\xd1\xd2\xd3\xaa\xab"  # xchg mov pop shifts stos
)
STORES_0F: Final = frozenset(
    [*b"\x11\x13\x17\x29\x2b\x7f\xe7\xd6\x7e\xc3", *range(0x90, 0xA0)]  # vector moves, setcc
    + [*b"\xab\xb3\xbb\xa4\xa5\xac\xad\xb0\xb1\xc0\xc1"]  # bts btr btc shld shrd cmpxchg xadd
)
STORES_BY_REG: Final = {  # opcode -> values of ModRM.reg for which it writes
    0x80: {0, 1, 2, 3, 4, 5, 6}, 0x81: {0, 1, 2, 3, 4, 5, 6}, 0x83: {0, 1, 2, 3, 4, 5, 6},
    0xF6: {2, 3}, 0xF7: {2, 3}, 0xFE: {0, 1}, 0xFF: {0, 1},
}  # fmt: skip
STORES_0F_BY_REG: Final = {0xBA: {5, 6, 7}, 0xC7: {1}, 0xAE: {0, 3, 4}}
MOVS: Final = frozenset(b"\xa4\xa5")
PUSHES: Final = frozenset([*range(0x50, 0x58), 0xE8, 0x68, 0x6A, 0x9C])
PUSHES_BY_REG: Final = {0xFF: {2, 3, 6}}


class At(NamedTuple):
    """The registers that determine the access of an instruction."""

    rip: int
    cr2: int
    rsp: int
    rdi: int
    cs: int


def error_code(space: AddressSpace, at: At) -> int:
    """The error code of the page fault at ``at``; Intel SDM 3A, 4.7."""
    try:
        space.physical(at.cr2)
        code = P
    except Unmapped:
        code = 0
    code |= U if at.cs & 3 else 0
    if at.cr2 == at.rip:
        return code | I
    return code | (W if writes(instruction(space, at.rip), at) else 0)


def writes(code: bytes, at: At) -> bool:
    """Whether the instruction ``code`` writes to memory at ``at.cr2``, including read-modify-write."""
    start = next(n for n, byte in enumerate(code) if byte not in PREFIXES)
    start += code[start] & 0xF0 == 0x40  # REX
    opcode, modrm = code[start], code[start + 1]
    if opcode == 0x0F:
        opcode, reg = modrm, code[start + 2] >> 3 & 7
        return opcode in STORES_0F or reg in STORES_0F_BY_REG.get(opcode, ())
    reg = modrm >> 3 & 7
    if opcode in MOVS:
        return at.rdi - 8 <= at.cr2 < at.rdi + 8
    if opcode in PUSHES or reg in PUSHES_BY_REG.get(opcode, ()):
        return at.rsp - 16 <= at.cr2 < at.rsp
    arithmetic = opcode < 0x38 and opcode & 7 < 2  # add or adc sbb and sub xor; cmp only reads
    return arithmetic or opcode in STORES or reg in STORES_BY_REG.get(opcode, ())


def instruction(space: AddressSpace, rip: int) -> bytes:
    """16 bytes at ``rip``, the longest instruction and one more."""
    try:
        return space.read(rip, 16)
    except Unmapped:
        return space.read(rip, PAGE - rip % PAGE) + bytes(16)


class Gate(NamedTuple):
    """An entry of the interrupt table; Intel SDM 3A, 6.14.1."""

    handler: int
    stack: int  # index in the task state segment; 0: use the current stack


def gate(space: AddressSpace, table: int, vector: int) -> Gate:
    """The gate of ``vector`` in the interrupt table at ``table``."""
    low, high = unpack("<QQ", space.read(table + 16 * vector, 16))
    return Gate(low & 0xFFFF | low >> 48 << 16 | (high & 0xFFFFFFFF) << 32, low >> 32 & 7)


def push(space: AddressSpace, stack: int, frame: tuple[int, ...], code: int | None) -> int:
    """Push ``frame`` (SS, RSP, RFLAGS, CS, RIP) and an error code; return the stack pointer."""
    words = (*frame, *(() if code is None else (code,)))
    top = (stack & -16) - 8 * len(words)
    space.write(top, pack(f"<{len(words)}Q", *reversed(words)))
    return top


def deliver(cpu: X86Registers) -> bool:
    """Enter the handler of the exception that stopped ``cpu``, if any; raises Halted."""
    vector, rip = cpu.exception, cpu.pc
    if vector is None:
        if not cpu.undefined:
            return False
        vector = INVALID_OPCODE
    code = 0 if vector in WITH_CODE else None
    if vector == PAGE_FAULT:
        at = At(rip, *(cpu[name] for name in ("CR2", "RSP", "RDI", "CS")))
        code = error_code(cpu.space, at)
    if cpu.exception is not None:
        cpu.settle()
    enter(cpu, vector, code)
    return True


def enter(cpu: X86Registers, vector: int, code: int | None) -> None:
    """Enter the handler of ``vector``, or that of a double fault where the stack is not mapped."""
    try:
        _enter(cpu, vector, code)
    except Unmapped as fault:
        cpu["CR2"] = fault.address
        try:
            _enter(cpu, DOUBLE_FAULT, 0)
        except Unmapped:
            raise Halted(cpu.pc, f"a triple fault: {fault}") from None


def _enter(cpu: X86Registers, vector: int, code: int | None) -> None:
    space = cpu.space
    found = gate(space, cpu.interrupt_table, vector)
    frame = tuple(cpu[name] for name in ("SS", "RSP", "EFLAGS", "CS", "RIP"))
    stack = frame[1]
    if found.stack:
        stack = space.number(cpu.task_state + 0x1C + 8 * found.stack)
    elif frame[3] & 3:
        stack = space.number(cpu.task_state + 4)
    cpu["RSP"] = push(space, stack, frame, code)
    cpu["EFLAGS"] = frame[2] & ~(TRAP | INTERRUPTS | NESTED | RESUME)
    cpu["RIP"] = found.handler
