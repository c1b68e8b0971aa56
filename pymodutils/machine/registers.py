"""The registers of a saved x86-64 processor, in the order of restoring.

Tables come first, since segments are looked up in them, and control registers before general ones. A saved
processor does not depend on the version of unicorn.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = ["GDTR", "IDTR", "LDTR", "TR"]
SYSTEM: Final = [
    *(f"CR{n}" for n in (0, 2, 3, 4, 8)),
    *(f"DR{n}" for n in (0, 1, 2, 3, 6, 7)),
    *("MXCSR", "FPCW", "FPSW", "FPTAG"),
]
SEGMENTS: Final = ["CS", "SS", "DS", "ES", "FS", "GS"]
VECTORS: Final = [*(f"XMM{n}" for n in range(16)), *(f"FP{n}" for n in range(8))]
GENERAL: Final = [
    *("RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "RSP"),
    *(f"R{n}" for n in range(8, 16)),
    *("RIP", "EFLAGS"),
]
ARGUMENTS: Final = ["RDI", "RSI", "RDX", "RCX", "R8", "R9"]  # arguments of a C function; System V psABI 3.2.3

EFER: Final = 0xC0000080
LONG_MODE_ACTIVE: Final = 0x400
PAGING_ORDER: Final = ("CR4", "CR3", "CR0")  # order for entering long mode on a new processor
MODEL_SPECIFIC: Final = (
    *range(EFER, EFER + 5),  # EFER STAR LSTAR CSTAR SFMASK
    *range(0xC0000100, 0xC0000104),  # FS_BASE GS_BASE KERNEL_GS_BASE TSC_AUX
    *range(0x174, 0x177),  # SYSENTER_CS SYSENTER_ESP SYSENTER_EIP
    0x277,  # PAT
)
