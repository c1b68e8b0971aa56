"""Start a RISC-V kernel like a boot loader; Documentation/arch/riscv/boot.rst."""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, Final

from pymodutils.machine import devicetree
from pymodutils.machine.clock import FREQUENCY
from pymodutils.machine.devicetree import cells

if TYPE_CHECKING:
    from mmap import mmap

    from pymodutils.machine.devicetree import Tree
    from pymodutils.machine.protocol import KernelStart
    from pymodutils.machine.riscv.registers import RiscvRegisters

LINKED: Final = 0xFFFFFFFF80000000  # KERNEL_LINK_ADDR
LOAD: Final = 0x20_0000  # aligned to 2 MiB
LONGEST: Final = 1023  # bytes of a command line; COMMAND_LINE_SIZE
CMDLINE: Final = (
    "nokaslr no5lvl nowatchdog lpj=10400000 nokprobes audit=0 rdinit=/dev/console init=/nosuch loglevel=7"
)


def prepare(ram: mmap, start: KernelStart) -> None:
    """Put the kernel and a device tree into ``ram``."""
    ram[LOAD : LOAD + len(start.kernel)] = start.kernel
    devicetree.write(ram, tree(len(ram), start.cmdline))


def enter(cpu: RiscvRegisters) -> None:
    """Set the registers as the kernel's entry expects them: a0 the number of the hart, a1 the device tree."""
    cpu.supervise()
    cpu["X10"], cpu["X11"], cpu["PC"] = 0, devicetree.place(cpu.ram), LOAD


def tree(memory: int, cmdline: bytes) -> Tree:
    """One hart and memory."""
    hart = {
        "device_type": b"cpu\0",
        "reg": cells(0),
        "compatible": b"riscv\0",
        "riscv,isa": b"rv64imafdc\0",
        "riscv,isa-base": b"rv64i\0",
        "riscv,isa-extensions": b"i\0m\0a\0f\0d\0c\0zicsr\0zifencei\0",
        "mmu-type": b"riscv,sv48\0",
        "interrupt-controller": {
            "compatible": b"riscv,cpu-intc\0",
            "#interrupt-cells": cells(1),
            "interrupt-controller": b"",
        },
    }
    return {
        "#address-cells": cells(2),
        "#size-cells": cells(2),
        "compatible": b"riscv-virtio\0",
        "chosen": {"bootargs": cmdline + b"\0"},
        "memory@0": {"device_type": b"memory\0", "reg": pack(">QQ", 0, memory)},
        "cpus": {
            "#address-cells": cells(1),
            "#size-cells": cells(0),
            "timebase-frequency": cells(FREQUENCY),
            "cpu@0": hart,
        },
    }
