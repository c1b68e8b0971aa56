"""arm64."""

from __future__ import annotations

from typing import Final

from pymodutils.machine.architecture import Architecture, KernelCalls, Overflow
from pymodutils.machine.arm64 import start
from pymodutils.machine.arm64.cpu import Arm64Cpu
from pymodutils.machine.arm64.registers import ARGUMENTS
from pymodutils.machine.protocol import BootProtocol

MODULES_VADDR: Final = 0xFFFF800000000000  # the image lies above, from 48 bits of addresses on
THREAD: Final = bytes.fromhex(
    "fd7bbea9fd030091f35301a9f30300aa21008052610200b9693240f96aa201912b0500916bf97f926bf17dd3ff632bcb"
    "ec030091a90000b44d8540f88d8500f8290500d1fcffff17600642a9620e43a9641644a9661e45a9680e40f9700640f9"
    "00023fd6600601a941008052610200b9bf030091f35341a9fd7bc2a8000080d2c0035fd6"
)
BLR: Final = bytes.fromhex("00023fd6")  # blr x16
CALLS: Final = KernelCalls(
    registers=ARGUMENTS,
    thread=THREAD,
    after_call=THREAD.index(BLR) + len(BLR),
    system_call="__arm64_sys_",
    indirect="X8",
    by_address=True,
    overflow=Overflow.NOTHING,
    unsigned_extended=False,
    frame=336,
    passed=(0, 8, 16, 24, 32, 40),  # regs[0] to regs[5]
    directory=0o40000,
    ends_block=bytes(4),  # udf #0
)
ARCHITECTURE: Final = Architecture(
    machine=183,
    cpu=Arm64Cpu,
    base=lambda start_: start_.linked - start.LOAD,
    modules=lambda base: range(MODULES_VADDR, base + start.LOAD),
    protocol=BootProtocol("arm64 Image", start.CMDLINE, start.LONGEST, start.prepare),
    calls=CALLS,
    checked=True,
)
