"""The architectures of modutils 2.4.16, one file each, imported on demand."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadModule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.elf.scan import Elf
    from pymodutils.linux24.machine.model import ObjMachine

FILES: Final = {  # e_machine -> the file that has it
    2: "sparc",
    3: "i386",
    4: "m68k",
    6: "i386",
    8: "mips",
    10: "mips",
    15: "hppa",
    20: "ppc",
    21: "ppc64",
    22: "s390",
    40: "arm",
    42: "sh",
    43: "sparc",
    50: "ia64",
    62: "x86_64",
    76: "cris",
    0x9026: "alpha",
    0xA390: "s390",
}


def of(elf: Elf, path: str) -> ObjMachine:
    """The machine of the module in ``elf``; raises BadModule if modutils 2.4.16 does not support it."""
    found = find(elf.machine, elf.bits, elf.order)
    if found is None:
        raise BadModule(path, f"ELF file {path} not for this architecture")
    return found


def find(e_machine: int, bits: int, order: str) -> ObjMachine | None:
    """The machine whose files have this e_machine, width and byte order."""
    machines = _machines(FILES.get(e_machine))
    return next((each for each in machines if (each.arch.bits, each.arch.order) == (bits, order)), None)


def every() -> Iterator[ObjMachine]:
    """All machines."""
    for name in dict.fromkeys(FILES.values()):
        yield from _machines(name)


def _machines(name: str | None) -> tuple[ObjMachine, ...]:
    if name is None:
        return ()
    found: tuple[ObjMachine, ...] = import_module(f"{__name__}.{name}").MACHINES
    return found
