"""The RISC-V hart: what unicorn does not do itself, exceptions and page tables."""

from __future__ import annotations

import mmap
import random
from struct import pack

import pytest
import unicorn
from unicorn import riscv_const as riscv
from unicorn import unicorn_const as uc

from pymodutils.machine.clock import LOOKS, Clock
from pymodutils.machine.paging import AddressSpace, Unmapped
from pymodutils.machine.riscv import exceptions, operand, sbi
from pymodutils.machine.riscv.cpu import RiscvCpu
from pymodutils.machine.riscv.registers import SIE, SPIE, SPP

SIZE = 1 << 21
JIFFIES, TABLES, CODE, VECTOR, STACK = 0x8000, 0x10000, 0x20000, 0x30800, 0x40000
SV48 = 9 << 60
KERNEL_PAGE, USER_PAGE = 0xCF, 0xD7  # valid, RWX, accessed, dirty; a user's, not executable
NOP, EBREAK, WFI, ECALL = 0x13, 0x100073, 0x10500073, 0x73
RDTIME_A0, CSRSI_SIE = 0xC0102573, 0x10016073
LOAD_A0 = 0x00053503  # ld a0, 0(a0)
STORE_A1 = 0x00B53423  # sd a1, 8(a0)
NOWHERE = 0x1234_5678_9000
WHOLE = (  # lb to lwu, flw, fld; sb to sd, fsw, fsd
    *((funct3 << 12 | 0x03, "I") for funct3 in range(7)),
    *((funct3 << 12 | 0x07, "I") for funct3 in (2, 3)),
    *((funct3 << 12 | 0x23, "S") for funct3 in range(4)),
    *((funct3 << 12 | 0x27, "S") for funct3 in (2, 3)),
    *((funct5 << 27 | 3 << 12 | 0x2F, "R") for funct5 in (0, 1, 4, 8, 12, 16, 20, 24, 28)),
)


@pytest.fixture
def cpu() -> RiscvCpu:
    """A hart in supervisor mode whose first 2 MiB are mapped one to one."""
    ram = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    made = RiscvCpu(ram, Clock(), JIFFIES)
    for level in range(3):
        place = TABLES + 0x1000 * level
        ram[place : place + 8] = pack("<Q", place + 0x1000 >> 2 | 1)
    last = TABLES + 0x3000
    ram[last : last + 4096] = pack("<512Q", *(page << 10 | KERNEL_PAGE for page in range(512)))
    made.supervise()
    made["SATP"], made["STVEC"], made["X2"] = SV48 | TABLES >> 12, VECTOR, STACK
    made.read_roots()
    return made


def run(cpu: RiscvCpu, *code: int) -> None:
    cpu.space.write(CODE, b"".join(pack("<I" if it & 3 == 3 else "<H", it) for it in code))
    cpu["PC"] = CODE
    cpu.run(CODE + sum(4 if it & 3 == 3 else 2 for it in code), 0)


def test_a_page_fault_is_entered_as_the_manual_says(cpu: RiscvCpu) -> None:
    for _ in range(3):  # nothing of one is left in the next
        cpu["X10"], cpu["SSTATUS"] = NOWHERE, cpu["SSTATUS"] | SIE
        run(cpu, NOP, STORE_A1, NOP)
        assert cpu.deliver_exception()
        assert (cpu["SCAUSE"], cpu["STVAL"], cpu["SEPC"]) == (15, NOWHERE + 8, CODE + 4)
        assert cpu["SSTATUS"] & (SIE | SPIE | SPP) == SPIE | SPP
        assert cpu.pc == VECTOR


def test_a_compressed_load_and_a_jump_to_nowhere(cpu: RiscvCpu) -> None:
    cpu["X10"] = NOWHERE
    run(cpu, 0x0001, 0x6508, 0x0001)  # c.nop; c.ld a0, 8(a0); c.nop
    assert cpu.deliver_exception()
    assert (cpu["SCAUSE"], cpu["STVAL"], cpu["SEPC"]) == (13, NOWHERE + 8, CODE + 2)
    cpu["X10"] = NOWHERE
    run(cpu, 0x8502)  # c.jr a0
    assert cpu.deliver_exception()
    assert (cpu["SCAUSE"], cpu["STVAL"], cpu["SEPC"]) == (12, NOWHERE, NOWHERE)


@pytest.mark.parametrize(("code", "cause"), [(EBREAK, 3), (0x9002, 3), (0x0000, 2), (0xFFFFFFFF, 2)])
def test_breakpoints_and_illegal_instructions(cpu: RiscvCpu, code: int, cause: int) -> None:
    run(cpu, NOP, code, NOP)
    assert cpu.deliver_exception()
    assert (cpu["SCAUSE"], cpu["SEPC"]) == (cause, CODE + 4)


def test_no_exception(cpu: RiscvCpu) -> None:
    run(cpu, NOP, NOP)
    assert not cpu.deliver_exception()
    assert cpu.pc == CODE + 8


def test_time_is_that_of_the_clock(cpu: RiscvCpu) -> None:
    run(cpu, RDTIME_A0, NOP)
    assert cpu["X10"] == cpu.clock.cycles
    assert (cpu.pc, cpu.exception) == (CODE + 8, None)
    cpu.clock.next = 0
    run(cpu, RDTIME_A0, NOP)
    assert cpu.pc == CODE + 4  # the timer interrupt is due
    assert not cpu.deliver_exception()


def test_calls_of_the_firmware(cpu: RiscvCpu) -> None:
    for extension, function, argument, answer in (
        (sbi.BASE, 0, 0, (0, sbi.VERSION)),
        (sbi.BASE, sbi.PROBE, sbi.TIME, (0, 1)),
        (sbi.BASE, sbi.PROBE, 0x735049, (0, 0)),  # IPI
        (0x735049, 0, 0, ((1 << 64) - 2, 0)),
        (sbi.TIME, 0, 5, (0, 0)),
    ):
        cpu["SSTATUS"] |= SIE
        assert not cpu.interruptible
        cpu["X17"], cpu["X16"], cpu["X10"] = extension, function, argument
        run(cpu, ECALL, NOP)
        assert ((cpu["X10"], cpu["X11"]), cpu.pc) == (answer, CODE + 8)
    assert cpu.interruptible


def test_a_load_of_jiffies_that_stops_is_executed_again(cpu: RiscvCpu) -> None:
    cpu.ram[JIFFIES : JIFFIES + 8] = pack("<Q", 0x123)
    for _ in range(LOOKS - 1):
        cpu.clock.look()
    cpu["X10"] = JIFFIES
    run(cpu, NOP, LOAD_A0, NOP)
    assert (cpu.looked, cpu.pc) == (True, CODE + 4)
    cpu.clock.tick()
    cpu.run(CODE + 12, 0)
    assert (cpu["X10"], cpu.pc) == (0x123, CODE + 12)


def test_wfi_wakes_where_interrupts_are_on(cpu: RiscvCpu) -> None:
    cpu.firmware.timer = True
    run(cpu, WFI, NOP, CSRSI_SIE, NOP, NOP)
    assert cpu.pc == CODE + 4
    assert cpu.sleeps()  # step by step
    assert (cpu.pc, cpu.interruptible) == (CODE + 12, True)
    cpu.deliver_tick()
    assert (cpu.pc, cpu["SCAUSE"], cpu.interruptible) == (VECTOR, exceptions.TIMER, False)


def test_registers_come_back(cpu: RiscvCpu) -> None:
    cpu["X7"], cpu["F3"] = 7, 3 << 40
    saved = cpu.save()
    cpu["X7"], cpu["F3"] = 0, 0
    cpu.rewind(saved)
    assert (cpu["X7"], cpu["F3"]) == (7, 3 << 40)
    other = RiscvCpu(cpu.ram, Clock(), JIFFIES)
    other.restore(saved)
    assert other.save() == saved
    other["X10"] = NOWHERE
    run(other, STORE_A1, NOP)  # in supervisor mode, by the tables
    assert other.exception == 15


def test_page_tables(cpu: RiscvCpu) -> None:
    assert cpu.space.physical(0x12345) == 0x12345
    with pytest.raises(Unmapped):
        cpu.space.physical(SIZE)
    block = AddressSpace(cpu.ram, RiscvCpu.entries, (0x50000, 0x50000))
    for place, entry in ((0x50000, 0x51000 >> 2 | 1), (0x51000, 0x52000 >> 2 | 1), (0x52000, KERNEL_PAGE)):
        cpu.ram[place : place + 8] = pack("<Q", entry)
    assert block.physical(0x12345) == 0x12345  # a page of 2 MiB
    block.map(0x1000_0000, 0x3000, iter(range(0x60000, 0x70000, 4096)))
    place, entry, _ = block.walk(0x1000_0123)
    assert (place, entry & 0x3FF) == (0x3123, USER_PAGE)


def test_addresses_are_those_that_unicorn_accesses() -> None:
    chance = random.Random(2)  # noqa: S311 -- cases, not secrets
    codes = [_encoded(chance, bits, form) for bits, form in WHOLE for _ in range(20)]
    codes += [
        code
        for code in (chance.getrandbits(16) for _ in range(4000))
        if code & 3 in (0, 2) and code >> 13 in operand.ACCESS
    ]
    hart = unicorn.Uc(uc.UC_ARCH_RISCV, uc.UC_MODE_RISCV64)
    hart.mem_map(0, SIZE)
    seen: list[int] = []
    kinds = uc.UC_HOOK_MEM_READ | uc.UC_HOOK_MEM_WRITE
    hart.hook_add(kinds, lambda _uc, _kind, address, *_: seen.append(address))
    compared = 0
    for code in codes:
        registers = [0, *(chance.randrange(0x10000, SIZE - 0x10000, 16) for _ in range(31))]
        for number, value in enumerate(registers):
            hart.reg_write(riscv.UC_RISCV_REG_X0 + number, value)
        hart.reg_write(riscv.UC_RISCV_REG_MSTATUS, 3 << 13)  # floating point on
        hart.mem_write(0x1000, pack("<I", code))
        hart.ctl_remove_cache(0x1000, 0x1008)
        seen.clear()
        try:
            hart.emu_start(0x1000, 0, count=1)
        except unicorn.UcError:
            continue
        if seen:
            assert operand.address(code, registers.__getitem__) == seen[0], hex(code)
            compared += 1
    assert compared > 500


def _encoded(chance: random.Random, bits: int, form: str) -> int:
    registers = chance.randrange(1, 32) << 15 | chance.randrange(1, 32) << 20
    if form == "R":
        return bits | registers | chance.randrange(1, 32) << 7
    if form == "S":
        return bits | registers | chance.getrandbits(7) << 25 | chance.getrandbits(5) << 7
    return bits | registers & 31 << 15 | chance.getrandbits(12) << 20 | chance.randrange(1, 32) << 7
