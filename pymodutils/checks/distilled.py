"""Types and their sizes in .BTF.base of a module: those of the kernel that it was built for.

pahole writes it for modules that are built outside the kernel's tree, since Linux 6.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.checks.kabi_btf import COMPOSITE, BtfKind, BtfTypes
from pymodutils.depends.module_info import opened
from pymodutils.elf.constants import BTF_BASE
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZED: Final = (*COMPOSITE, BtfKind.ENUM, BtfKind.ENUM64, BtfKind.INT, BtfKind.FLOAT)
ENUMS: Final = (BtfKind.ENUM, BtfKind.ENUM64)


def base(path: str, order: str) -> BtfTypes | None:
    """The types in .BTF.base of the module ``path``; None without it, or if it is damaged."""
    try:
        with opened(path) as elf:
            blob = elf.section(BTF_BASE)
        return BtfTypes(blob, order, path) if blob else None
    except ModutilsError:
        return None


def differences(built: BtfTypes, kernel: BtfTypes, release: str) -> list[str]:
    """How the types of ``built``, a distilled base, differ from those of the same names in ``kernel``."""
    sizes: dict[tuple[BtfKind, str], list[int]] = {}
    for number in range(1, len(kernel)):
        kind = _kind(kernel, number)
        if kind in SIZED and (name := kernel.name(number)):
            sizes.setdefault((kind, name), []).append(kernel.size(number))
    return list(_differences(built, sizes, release))


def _differences(built: BtfTypes, sizes: dict[tuple[BtfKind, str], list[int]], release: str) -> Iterator[str]:
    for number in range(1, len(built)):
        kind, name = _kind(built, number), built.name(number)
        if kind not in SIZED or not name:
            continue
        found = sizes.get((kind, name), [])
        if not found:
            yield f"{built.text(number)} was removed: {release} has none"
        elif built.size(number) not in found:
            changed = f"size {built.size(number)} -> {' or '.join(map(str, found))}"
            yield f"{built.text(number)}: {changed}, by the module's {BTF_BASE}"


def _kind(types: BtfTypes, number: int) -> BtfKind:
    """The kind of a type, that of all enumerations being the same."""
    kind = BtfKind(types.kind(number))
    return BtfKind.ENUM if kind in ENUMS else kind
