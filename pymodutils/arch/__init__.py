"""Machine-specific data: one file per architecture, imported on demand.

A file of this package that defines ARCHS is an architecture; nothing else needs to name it. ``MODULES`` and
``UNAMES`` only avoid importing all of them.
"""

from __future__ import annotations

from importlib import import_module
from re import escape, fullmatch
from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadModule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.arch.model import Arch

MODULES: Final = {  # e_machine -> the file that has it
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


UNAMES: Final = {  # uname -m -> the file that has it
    "x86_64": "x86",
    "i686": "x86",
    "aarch64": "arm64",
    "armv7l": "arm",
    "ppc64le": "powerpc64",
    "riscv64": "riscv",
    "s390x": "s390",
}
SUPPORT: Final = frozenset(  # files of this package that are no architecture
    (
        "abi",
        "arm_fields",
        "calc",
        "field",
        "formula",
        "frob",
        "historic",
        "ia64_bundle",
        "ia64_refused",
        "image",
        "kernel_sort",
        "model",
        "patch",
        "patch_tables",
        "plt_got",
        "range",
        "reloc",
        "riscv_accumulate",
        "stub_table",
        "syscalls",
        "vector",
        "x86_patch",
    )
)


def of(machine: int, bits: int, order: str, subject: str = "module") -> Arch:
    """The architecture of files with this e_machine, width and byte order.

    Raises BadModule (ENOEXEC) about ``subject`` if there is none.
    """
    for arch in of_machine(machine):
        if (arch.bits, arch.order) == (bits, order):
            return arch
    raise BadModule(subject, f"{subject}: no architecture is known for machine {machine}, {bits} bit {order}")


def of_machine(machine: int) -> list[Arch]:
    """The architectures with this e_machine, the usual width and byte order first."""
    archs = _archs(MODULES[machine]) if machine in MODULES else every()
    found = [arch for arch in archs if machine in arch.machines]
    return found or _historic(machine)


def _historic(machine: int) -> list[Arch]:
    """Architectures removed from Linux."""
    from pymodutils.arch import historic  # noqa: PLC0415 -- for modules of old only

    name = historic.MODULES.get(machine)
    return list(_archs(f"historic.{name}")) if name else []


def of_uname(machine: str) -> list[Arch]:
    """The architectures of kernels that may call themselves ``machine`` (uname -m)."""
    archs = _archs(UNAMES[machine]) if machine in UNAMES else every()
    return [arch for arch in archs if fullmatch(arch.unames or escape(arch.machine_name), machine)]


def every() -> Iterator[Arch]:
    """All architectures, of which the first of each file is the most usual."""
    from pkgutil import iter_modules  # noqa: PLC0415 -- few ask for all

    for module in iter_modules(__path__):
        if module.name not in SUPPORT:
            yield from _archs(module.name)


def _archs(name: str) -> tuple[Arch, ...]:
    archs: tuple[Arch, ...] = getattr(import_module(f"{__name__}.{name}"), "ARCHS", ())
    return archs
