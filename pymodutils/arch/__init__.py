"""What differs between machines: one file each, imported when a module of that machine turns up."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadModule

if TYPE_CHECKING:
    from pymodutils.arch.model import Arch

MODULES: Final = {  # e_machine -> the module below this package, whose ARCHS name their machines
    2: "sparc",
    3: "x86",
    4: "m68k",
    6: "x86",
    8: "mips",
    15: "parisc",
    20: "powerpc",
    21: "powerpc64",
    22: "s390",
    39: "csky",
    40: "arm",
    42: "sh",
    43: "sparc",
    50: "ia64",
    62: "x86",
    92: "openrisc",
    93: "arc",
    94: "xtensa",
    113: "nios2",
    164: "hexagon",
    183: "arm64",
    189: "microblaze",
    195: "arc",
    243: "riscv",
    252: "csky",
    258: "loongarch",
    0x8472: "openrisc",
    0x9026: "alpha",
    0xA390: "s390",
    0xABC7: "xtensa",
    0xBAAB: "microblaze",
}


def of(machine: int, bits: int, order: str, subject: str = "module") -> Arch:
    """The architecture of files with this e_machine, width and byte order.

    Raises BadModule (ENOEXEC) about ``subject`` if there is none.
    """
    if machine in MODULES:
        archs: tuple[Arch, ...] = import_module(f"pymodutils.arch.{MODULES[machine]}").ARCHS
        for arch in archs:
            if machine in arch.machines and (arch.bits, arch.order) == (bits, order):
                return arch
    raise BadModule(subject, f"{subject}: no architecture is known for machine {machine}, {bits} bit {order}")
