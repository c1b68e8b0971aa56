"""Device trees for QEMU: those of the machine in this process, with QEMU's addresses and a serial port."""

from __future__ import annotations

from struct import pack

from pymodutils.machine.arm64 import start as arm64_start
from pymodutils.machine.devicetree import Tree, cells
from pymodutils.machine.riscv import start as riscv_start

DISTRIBUTOR, CPU_INTERFACE, GIC_SIZE = 0x0800_0000, 0x0801_0000, 0x1_0000
CLINT, CLINT_SIZE = 0x0200_0000, 0x1_0000
MEMORY = 512 << 20
CLOCK, HERTZ = 2, 24_000_000  # of arm64's serial port
TIME, BAUDS = 10_000_000, 3_686_400  # Hz of riscv64's counter and serial port
SOFTWARE, TIMER = 3, 7  # interrupts of a hart in machine mode


def arm64() -> Tree:
    """For the machine ``virt`` with a Cortex-A57."""
    found = arm64_start.tree(MEMORY, b"")
    del found["timer"]["clock-frequency"]
    del found["memory@0"]
    found["memory"] = _memory(0x4000_0000)
    found["intc"]["reg"] = pack(">QQQQ", DISTRIBUTOR, GIC_SIZE, CPU_INTERFACE, GIC_SIZE)
    found["clock"] = {
        "compatible": b"fixed-clock\0",
        "#clock-cells": cells(0),
        "clock-frequency": cells(HERTZ),
        "phandle": cells(CLOCK),
    }
    found["serial"] = {
        "compatible": b"arm,pl011\0arm,primecell\0",
        "reg": pack(">QQ", 0x0900_0000, 0x1000),
        "interrupts": cells(0, 1, 4),
        "clocks": cells(CLOCK, CLOCK),
        "clock-names": b"uartclk\0apb_pclk\0",
    }
    return found


def riscv64() -> Tree:
    """For the machine ``virt``, and OpenSBI."""
    found = riscv_start.tree(MEMORY, b"")
    del found["memory@0"]
    found["memory@80000000"] = _memory(0x8000_0000)
    found["cpus"]["timebase-frequency"] = cells(TIME)
    found["cpus"]["cpu@0"]["interrupt-controller"]["phandle"] = cells(1)
    found["clint@2000000"] = {
        "compatible": b"sifive,clint0\0riscv,clint0\0",
        "reg": pack(">QQ", CLINT, CLINT_SIZE),
        "interrupts-extended": cells(1, SOFTWARE, 1, TIMER),
    }
    found["serial@10000000"] = {
        "compatible": b"ns16550a\0",
        "reg": pack(">QQ", 0x1000_0000, 0x100),
        "clock-frequency": cells(BAUDS),
    }
    return found


def _memory(start: int) -> Tree:
    return {"device_type": b"memory\0", "reg": pack(">QQ", start, MEMORY)}
