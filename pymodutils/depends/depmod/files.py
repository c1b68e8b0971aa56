"""The files of the database by name."""

from __future__ import annotations

from typing import Final

PRE_ORDER: Final = 34  # the version of kmod that puts a node before its children, and writes weakdep
NAMES: Final = (  # in the order in which kmod writes them
    "modules.dep",
    "modules.dep.bin",
    "modules.alias",
    "modules.alias.bin",
    "modules.softdep",
    "modules.weakdep",
    "modules.symbols",
    "modules.symbols.bin",
    "modules.builtin.bin",
    "modules.builtin.alias.bin",
    "modules.devname",
)


def names(compat: int) -> list[str]:
    """The files that this version of kmod writes, in its order."""
    return [name for name in NAMES if compat >= PRE_ORDER or name != "modules.weakdep"]
