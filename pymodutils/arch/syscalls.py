"""The numbers of the three module system calls, which differ between architectures.

From the kernel's own headers: ``asm/unistd*.h``, and ``asm-generic/unistd.h`` for "generic".
A process uses the numbers of its own ABI: a 32-bit one on a 64-bit kernel those of the 32-bit machine.
"""

from __future__ import annotations

import re
import sys
from typing import Final, NamedTuple

from pymodutils.errors import NotFound

X32_BIT: Final = 0x40000000


class Numbers(NamedTuple):
    """What to pass to syscall(2)."""

    init_module: int
    finit_module: int
    delete_module: int


NUMBERS: Final = {
    "x86_64": Numbers(175, 313, 176),
    "x32": Numbers(X32_BIT + 175, X32_BIT + 313, X32_BIT + 176),
    "i386": Numbers(128, 350, 129),
    "arm": Numbers(128, 379, 129),
    "mips-o32": Numbers(4000 + 128, 4000 + 348, 4000 + 129),
    "mips-n64": Numbers(5000 + 168, 5000 + 307, 5000 + 169),
    "mips-n32": Numbers(6000 + 168, 6000 + 312, 6000 + 169),
    "powerpc": Numbers(128, 353, 129),
    "s390": Numbers(128, 344, 129),
    "sparc": Numbers(190, 342, 222),
    "alpha": Numbers(307, 507, 308),
    "parisc": Numbers(128, 333, 129),
    "sh": Numbers(128, 368, 129),
    "m68k": Numbers(128, 348, 129),
    "ia64": Numbers(1133, 1335, 1134),
    "microblaze": Numbers(128, 353, 129),
    "xtensa": Numbers(129, 332, 130),
    "generic": Numbers(105, 273, 106),
}

FAMILIES: Final = (  # the first match names the family; "mips" and "x86" depend on the ABI too
    (r"x86_64|amd64|i[3-6]86", "x86"),
    (r"aarch64|arm64", "aarch64"),
    (r"arm", "arm"),
    (r"mips", "mips"),
    (r"ppc|powerpc", "powerpc"),
    (r"s390", "s390"),
    (r"sparc", "sparc"),
    (r"alpha", "alpha"),
    (r"parisc|hppa", "parisc"),
    (r"sh[1-5]|sh64|sh$", "sh"),
    (r"m68k", "m68k"),
    (r"ia64", "ia64"),
    (r"microblaze", "microblaze"),
    (r"xtensa", "xtensa"),
    (r"riscv|loongarch|arc|csky|hexagon|nios2|openrisc|or1k|c6x|h8300|metag|score|tile|unicore", "generic"),
)


def abi(machine: str, *, wide: bool, triplet: str = "") -> str:
    """The key into NUMBERS for a process whose kernel calls itself ``machine`` (uname -m).

    ``wide`` says whether the process itself has 64 bits;
    ``triplet``, the interpreter's own (``x86_64-linux-gnux32``), tells apart what both leave open.
    Raises NotFound for an unknown machine.
    """
    family = next((family for pattern, family in FAMILIES if re.match(pattern, machine)), None)
    if family is None:
        raise NotFound(machine, f"the system call numbers of {machine} are not known")
    if family == "x86":
        return "x86_64" if wide else "x32" if triplet.endswith("x32") else "i386"
    if family == "mips":
        return "mips-n64" if wide else "mips-n32" if triplet.endswith("n32") else "mips-o32"
    if family == "aarch64":
        return "generic" if wide else "arm"
    return family


def own(machine: str) -> Numbers:
    """The numbers for this very process on a kernel that calls itself ``machine``.

    Raises NotFound for an unknown machine.
    """
    triplet = getattr(sys.implementation, "_multiarch", "")
    return NUMBERS[abi(machine, wide=sys.maxsize > 1 << 32, triplet=triplet)]
