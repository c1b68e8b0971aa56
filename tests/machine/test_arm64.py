"""The arm64 processor: its device tree, where unicorn has a syndrome, exceptions and page tables."""

from __future__ import annotations

import mmap
from struct import pack, unpack_from

import pytest

from pymodutils.errors import ModutilsError
from pymodutils.machine import devicetree
from pymodutils.machine.arm64 import exceptions, syndrome
from pymodutils.machine.arm64.cpu import Arm64Cpu
from pymodutils.machine.arm64.registers import AARCH64, EL1H, MASKED, NON_SECURE
from pymodutils.machine.arm64.syndrome import PAGE_ENTRY, TABLE, TCR
from pymodutils.machine.clock import LOOKS, Clock
from pymodutils.machine.paging import AddressSpace, Unmapped

SIZE = 1 << 21
JIFFIES, TABLES, CODE, VECTORS, STACK = 0x8000, 0x10000, 0x20000, 0x30800, 0x40000
NOP, BRK, WFI = 0xD503201F, 0xD4210000, 0xD503207F
LOAD_X0 = 0xF9400000  # ldr x0, [x0]
STORE_X0 = 0xF9000001  # str x1, [x0]
UNMASK = 0xD50342FF  # msr daifclr, #2


@pytest.fixture
def cpu() -> Arm64Cpu:
    """A processor whose first 2 MiB are mapped one to one, in both halves."""
    ram = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    made = Arm64Cpu(ram, Clock(), JIFFIES)
    for level in range(3):
        place = TABLES + 0x1000 * level
        ram[place : place + 8] = pack("<Q", place + 0x1000 | TABLE)
    last = TABLES + 0x3000
    ram[last : last + 4096] = pack("<512Q", *(page << 12 | PAGE_ENTRY for page in range(512)))
    made["PSTATE"] = MASKED | EL1H
    for name, value in (
        *(("SCR_EL3", NON_SECURE), ("HCR_EL2", AARCH64), ("MAIR_EL1", 0xFF), ("TCR_EL1", TCR)),
        *(("TTBR0_EL1", TABLES), ("TTBR1_EL1", TABLES), ("VBAR_EL1", VECTORS & ~0x7FF)),
        ("SCTLR_EL1", made.system("SCTLR_EL1") | 1),
    ):
        made.set_system(name, value)
    made["SP"] = STACK
    made.read_roots()
    return made


def run(cpu: Arm64Cpu, *code: int) -> None:
    cpu.space.write(CODE, pack(f"<{len(code)}I", *code))
    cpu["PC"] = CODE
    cpu.run(CODE + 4 * len(code), 0)


def test_an_abort_is_entered_as_the_manual_says(cpu: Arm64Cpu) -> None:
    for _ in range(3):  # nothing of one is left in the next
        cpu["X0"], state = 0x1234_5678_9008, cpu["PSTATE"]
        run(cpu, NOP, STORE_X0, NOP)
        assert cpu.deliver_exception()
        assert cpu.system("ESR_EL1") == 0x96000044  # EC: data abort of EL1; WnR; level 0
        assert cpu.system("FAR_EL1") == 0x1234_5678_9008
        assert cpu["ELR_EL1"] == CODE + 4
        assert cpu.system("SPSR_EL1") == state
        assert cpu.pc == cpu["VBAR_EL1"] + exceptions.SYNCHRONOUS
        assert not cpu.interruptible


def test_brk_has_its_comment_in_the_syndrome(cpu: Arm64Cpu) -> None:
    run(cpu, NOP, BRK, NOP)  # brk #0x800, of BUG()
    assert cpu.deliver_exception()
    assert (cpu.system("ESR_EL1"), cpu["ELR_EL1"]) == (0xF2000800, CODE + 4)


def test_no_exception(cpu: Arm64Cpu) -> None:
    run(cpu, NOP, NOP)
    assert not cpu.deliver_exception()
    assert cpu.pc == CODE + 8


def test_unicorn_with_the_syndrome_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    syndrome._place.cache_clear()
    monkeypatch.setattr(syndrome, "PROBES", ((0, 0x1234_5678_9000, 0x96000045),))
    with pytest.raises(ModutilsError, match="does not tell why arm64 code stopped"):
        syndrome.check()
    monkeypatch.undo()
    syndrome.check()


def test_a_load_of_jiffies_that_stops_is_executed_once(cpu: Arm64Cpu) -> None:
    cpu.ram[JIFFIES : JIFFIES + 8] = pack("<Q", 0x123)
    for _ in range(LOOKS - 1):
        cpu.clock.look()
    cpu["X0"] = JIFFIES
    run(cpu, NOP, LOAD_X0, NOP)
    assert cpu.looked
    assert (cpu["X0"], cpu.pc) == (0x123, CODE + 8)


def test_wfi_wakes_where_interrupts_are_on(cpu: Arm64Cpu) -> None:
    run(cpu, WFI, NOP, UNMASK, NOP, NOP)
    assert cpu.pc == CODE + 4
    assert cpu.sleeps()  # step by step
    assert (cpu.pc, cpu.interruptible) == (CODE + 12, True)
    cpu["PSTATE"] = MASKED | EL1H
    run(cpu, WFI, NOP, UNMASK, NOP, NOP)
    assert cpu.sleeps()
    cpu.run(CODE + 20, 0)
    assert (cpu.pc, cpu.interruptible) == (CODE + 12, True)
    cpu.deliver_tick()
    assert cpu.pc == cpu["VBAR_EL1"] + exceptions.INTERRUPT


def test_registers_come_back(cpu: Arm64Cpu) -> None:
    cpu["X7"] = 7
    cpu.uc.reg_write(cpu.number("Q3"), 3 << 70)
    saved = cpu.save()
    cpu["X7"] = 0
    cpu.uc.reg_write(cpu.number("Q3"), 0)
    cpu.rewind(saved)
    assert (cpu["X7"], cpu.uc.reg_read(cpu.number("Q3"))) == (7, 3 << 70)
    assert cpu.save() == saved


def test_a_page_that_was_mapped_elsewhere_is_seen_there(cpu: Arm64Cpu) -> None:
    page = 0x10_0000
    for place, value in ((0x50000, 5), (0x51000, 6)):
        cpu.ram[place : place + 8] = pack("<Q", value)
        entry = TABLES + 0x3000 + 8 * (page >> 12)
        cpu.ram[entry : entry + 8] = pack("<Q", place | PAGE_ENTRY)
        cpu.flush_tables()
        cpu["X0"] = page
        run(cpu, LOAD_X0, NOP)
        assert cpu["X0"] == value


def test_page_tables(cpu: Arm64Cpu) -> None:
    assert cpu.space.physical(0x12345) == 0x12345
    with pytest.raises(Unmapped):
        cpu.space.physical(SIZE)
    block = AddressSpace(cpu.ram, Arm64Cpu.entries, (0x50000, 0x50000))
    for place, entry in ((0x50000, 0x51003), (0x51000, 0x52003), (0x52000, 0x0701)):
        cpu.ram[place : place + 8] = pack("<Q", entry)
    assert block.physical(0x12345) == 0x12345
    tables = iter(range(0x60000, 0x70000, 4096))
    block.map(0x1000_0000, 0x3000, tables)
    assert block.walk(0x1000_0123)[0] == 0x3123


def test_a_flattened_tree() -> None:
    data = devicetree.flatten({"a": b"xyz", "child": {"a": b"1234", "other": b""}})
    words = unpack_from(">10I", data)
    assert words[:2] == (devicetree.MAGIC, len(data))
    structure, strings = words[2], words[3]
    assert data[strings:] == b"a\0other\0"
    expected = (
        pack(">II", 1, 0)
        + pack(">III", 3, 3, 0)
        + b"xyz\0"
        + pack(">I", 1)
        + b"child\0\0\0"
        + pack(">III", 3, 4, 0)
        + b"1234"
        + pack(">III", 3, 0, 2)
        + pack(">III", 2, 2, 9)
    )
    assert data[structure:strings] == expected
