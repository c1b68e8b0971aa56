"""x86-64."""

from __future__ import annotations

from typing import Final

from pymodutils.machine.architecture import Architecture, KernelCalls, Overflow
from pymodutils.machine.protocol import BootProtocol
from pymodutils.machine.x86_64 import start
from pymodutils.machine.x86_64.cpu import X86Cpu
from pymodutils.machine.x86_64.registers import ARGUMENTS

KERNEL_BASE: Final = 0xFFFFFFFF80000000  # mapping of the image; __START_KERNEL_map
MODULES: Final = range(0xFFFFFFFFC0000000, 0xFFFFFFFFFF000000)  # MODULES_VADDR to MODULES_END
THREAD: Final = bytes.fromhex(
    "53554889e54889fbc70301000000488b4b504885c97409ff74cb5048ffc9ebf2488b7b20488b7328488b5330488b4b38"
    "4c8b43404c8b4b4831c0ff53084889431048895318c703020000004889ec31c05d5bc3"
)
CALLS: Final = KernelCalls(
    registers=ARGUMENTS,
    thread=THREAD,
    after_call=THREAD.index(b"\xff\x53\x08") + 3,  # call [rbx + 8]
    system_call="__x64_sys_",
    indirect="",
    by_address=False,
    overflow=Overflow.LATER,
    unsigned_extended=False,
    frame=168,
    passed=(112, 104, 96, 56, 72, 64),  # di si dx r10 r8 r9
    directory=0o200000,
    ends_block=b"\x0f\x0b",  # ud2
)
ARCHITECTURE: Final = Architecture(
    machine=62,
    cpu=X86Cpu,
    base=lambda _start: KERNEL_BASE,
    modules=lambda _base: MODULES,
    protocol=BootProtocol("bzImage", start.CMDLINE, start.LONGEST, start.prepare),
    calls=CALLS,
    checked=True,
)
