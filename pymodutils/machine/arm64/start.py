"""Start an arm64 kernel like a boot loader; Documentation/arch/arm64/booting.rst."""

from __future__ import annotations

from struct import pack, unpack_from
from typing import TYPE_CHECKING, Final

from pymodutils.machine import devicetree
from pymodutils.machine.arm64 import gic
from pymodutils.machine.arm64.registers import AARCH64, EL1H, MASKED, NON_SECURE
from pymodutils.machine.clock import FREQUENCY
from pymodutils.machine.devicetree import cells

if TYPE_CHECKING:
    from mmap import mmap

    from pymodutils.machine.arm64.registers import Arm64Registers
    from pymodutils.machine.devicetree import Tree
    from pymodutils.machine.protocol import KernelStart

LOAD: Final = 0x20_0000  # aligned to 2 MiB
LONGEST: Final = 2047  # bytes of a command line; COMMAND_LINE_SIZE
CMDLINE: Final = (
    "nokaslr nowatchdog lpj=10400000 nokprobes audit=0 rdinit=/dev/console init=/nosuch loglevel=7"
)


def prepare(ram: mmap, start: KernelStart) -> None:
    """Put the kernel and a device tree into ``ram``."""
    place = LOAD + unpack_from("<Q", start.kernel, 8)[0]  # text_offset
    ram[place : place + len(start.kernel)] = start.kernel
    devicetree.write(ram, tree(len(ram), start.cmdline))


def enter(cpu: Arm64Registers, start: KernelStart) -> None:
    """Set the registers as the kernel's entry expects them."""
    cpu["PSTATE"] = MASKED | EL1H
    cpu["X0"], cpu["PC"] = devicetree.place(cpu.ram), LOAD + unpack_from("<Q", start.kernel, 8)[0]
    cpu.set_system("SCR_EL3", NON_SECURE)
    cpu.set_system("HCR_EL2", AARCH64)


def tree(memory: int, cmdline: bytes) -> Tree:
    """One processor, memory, an interrupt controller and a timer."""
    return {
        "#address-cells": cells(2),
        "#size-cells": cells(2),
        "compatible": b"linux,dummy-virt\0",
        "interrupt-parent": cells(1),
        "chosen": {"bootargs": cmdline + b"\0"},
        "memory@0": {"device_type": b"memory\0", "reg": pack(">QQ", 0, memory)},
        "cpus": {
            "#address-cells": cells(1),
            "#size-cells": cells(0),
            "cpu@0": {"device_type": b"cpu\0", "compatible": b"arm,cortex-a57\0", "reg": cells(0)},
        },
        "intc": {
            "compatible": b"arm,cortex-a15-gic\0",
            "#interrupt-cells": cells(3),
            "interrupt-controller": b"",
            "phandle": cells(1),
            "reg": pack(
                ">QQQQ",
                *(gic.DISTRIBUTOR, gic.DISTRIBUTOR_SIZE, gic.CPU_INTERFACE, gic.CPU_INTERFACE_SIZE),
            ),
        },
        "timer": {
            "compatible": b"arm,armv8-timer\0",
            "always-on": b"",
            "clock-frequency": cells(FREQUENCY),
            "interrupts": cells(1, 13, 0x104, 1, 14, 0x104, 1, 11, 0x104, 1, 10, 0x104),
        },
    }
