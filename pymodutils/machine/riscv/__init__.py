"""RISC-V, 64 bits."""

from __future__ import annotations

from typing import Final

from pymodutils.machine.architecture import Architecture, KernelCalls, Overflow
from pymodutils.machine.protocol import BootProtocol
from pymodutils.machine.riscv import start
from pymodutils.machine.riscv.cpu import RiscvCpu
from pymodutils.machine.riscv.registers import ARGUMENTS

MODULES_SIZE: Final = 1 << 31  # below the image
THREAD: Final = bytes.fromhex(
    "130101fd2334110223308102233c910013040103930405009302100023a0540003b304069303130093f3e3ff93933300"
    "33017140138e8406930e0100630e0300033f0e0023b0ee01130e8e00938e8e001303f3ff6ff09ffe03b5040283b58402"
    "03b6040383b6840303b7040483b7840403b8040583b8840583b28400e780020023b8a40023bcb4009302200023a05400"
    "130104fd833081020334010283348101130101031305000067800000"
)
JALR: Final = bytes.fromhex("e7800200")  # jalr t0
CALLS: Final = KernelCalls(
    registers=ARGUMENTS,
    thread=THREAD,
    after_call=THREAD.index(JALR) + len(JALR),
    system_call="__riscv_sys_",
    indirect="",
    by_address=True,
    overflow=Overflow.SPLIT,
    unsigned_extended=True,
    frame=288,
    passed=(280, 88, 96, 104, 112, 120),  # orig_a0, a1 to a5
    directory=0o200000,
    ends_block=bytes(2),  # c.unimp
)
ARCHITECTURE: Final = Architecture(
    machine=243,
    cpu=RiscvCpu,
    base=lambda _start: start.LINKED - start.LOAD,
    modules=lambda _base: range(start.LINKED - MODULES_SIZE, start.LINKED),
    protocol=BootProtocol("riscv Image", start.CMDLINE, start.LONGEST, start.prepare),
    calls=CALLS,
    checked=False,
)
