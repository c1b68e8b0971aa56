"""Start an x86-64 kernel at its 64-bit entry like a boot loader; Documentation/arch/x86/boot.rst."""

from __future__ import annotations

from struct import pack_into
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import PT_LOAD

if TYPE_CHECKING:
    from mmap import mmap

    from pymodutils.machine.protocol import KernelStart
    from pymodutils.machine.x86_64.registers import X86Registers

ZERO_PAGE, COMMAND_LINE, GDT = 0x10000, 0x20000, 0x30000
PML4, PDPT, DIRECTORY, STACK = 0x70000, 0x71000, 0x72000, 0x80000
SETUP_HEADER: Final = 0x1F1
CODE_SEGMENT, DATA_SEGMENT = 0x10, 0x18
DESCRIPTORS: Final = (0, 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF)
ENTRY_USED, LARGE_PAGE = 7, 0x87  # present, writable, user; and of 2 MiB
RAM, RESERVED = 1, 2  # types of e820
LONGEST: Final = 2047  # bytes of a command line; COMMAND_LINE_SIZE
CONTROL: Final = {"CR4": 0x20, "CR3": PML4, "CR0": 0x80050033}  # PAE; paging, protection, FPU
EFER_START: Final = 0x901  # SYSCALL, long mode, no-execute
FIXED_FLAG: Final = 2


CMDLINE: Final = (
    "nokaslr tsc_early_khz=2600000 tsc=reliable nolapic noapic acpi=off pci=off nopti nohpet hpet=disable "
    "no_timer_check nowatchdog lpj=10400000 noreplace-smp nokprobes audit=0 clocksource=tsc "
    "rdinit=/dev/console init=/nosuch loglevel=7"
)


class Segment(NamedTuple):
    """A part of the file and its physical address."""

    place: int
    data: memoryview


def segments(vmlinux: bytes) -> list[Segment]:
    """The PT_LOAD segments of an ELF kernel, by physical address."""
    view, found = memoryview(vmlinux), []
    start = int.from_bytes(view[32:40], "little")
    for header in range(start, start + 56 * int.from_bytes(view[56:58], "little"), 56):
        kind = int.from_bytes(view[header : header + 4], "little")
        offset, place, size = (
            int.from_bytes(view[header + at : header + at + 8], "little") for at in (8, 24, 32)
        )
        if kind == PT_LOAD:
            found.append(Segment(place, view[offset : offset + size]))
    return found


def prepare(ram: mmap, start: KernelStart) -> None:
    """Put the kernel, its page tables and boot parameters into ``ram``."""
    for place, data in segments(start.kernel):
        ram[place : place + len(data)] = data
    _number(ram, PML4, PDPT | ENTRY_USED)
    _number(ram, PDPT, DIRECTORY | ENTRY_USED)
    for index in range(512):
        _number(ram, DIRECTORY + 8 * index, index << 21 | LARGE_PAGE)
    for index, descriptor in enumerate(DESCRIPTORS):
        _number(ram, GDT + 8 * index, descriptor)
    _zero_page(ram, start.image)
    ram[COMMAND_LINE : COMMAND_LINE + len(start.cmdline) + 1] = start.cmdline + b"\0"


def _zero_page(ram: mmap, image: bytes) -> None:
    end = 0x202 + image[0x201]
    ram[ZERO_PAGE + SETUP_HEADER : ZERO_PAGE + end] = image[SETUP_HEADER:end]
    ram[ZERO_PAGE + 0x210] = 0xFF  # type_of_loader: undefined
    pack_into("<II", ram, ZERO_PAGE + 0x218, 0, 0)  # no initrd
    pack_into("<I", ram, ZERO_PAGE + 0x228, COMMAND_LINE)
    areas = (
        (0, 0x9FC00, RAM),
        (0x9FC00, 0x400, RESERVED),
        (0xF0000, 0x10000, RESERVED),
        (0x100000, len(ram) - 0x100000, RAM),
    )
    ram[ZERO_PAGE + 0x1E8] = len(areas)
    for index, area in enumerate(areas):
        pack_into("<QQI", ram, ZERO_PAGE + 0x2D0 + 20 * index, *area)


def enter(cpu: X86Registers, start: KernelStart) -> None:
    """Set the registers as the kernel's 64-bit entry expects them."""
    cpu.enter_long_mode(EFER_START, CONTROL)
    cpu.set_table("GDTR", GDT, 8 * len(DESCRIPTORS) - 1)
    cpu["CS"] = CODE_SEGMENT
    for name in ("SS", "DS", "ES"):
        cpu[name] = DATA_SEGMENT
    cpu["RSI"], cpu["RSP"], cpu["EFLAGS"] = ZERO_PAGE, STACK, FIXED_FLAG
    cpu["RIP"] = int.from_bytes(start.kernel[24:32], "little")
    cpu.begin()


def _number(ram: mmap, place: int, value: int) -> None:
    pack_into("<Q", ram, place, value)
