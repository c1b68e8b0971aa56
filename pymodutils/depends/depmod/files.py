"""The files of the database by name."""

from __future__ import annotations

import os
import re
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
_TEMPORARY: Final = re.compile(r"\.modules\.[a-z.]+\.(\d+)\.new")


def names(compat: int) -> list[str]:
    """The files that this version of kmod writes, in its order."""
    return [name for name in NAMES if compat >= PRE_ORDER or name != "modules.weakdep"]


def renamed(compat: int) -> list[str]:
    """The same in the order in which they get their names.

    Of a half-done change modprobe sees the new modules.dep.bin, so that every module that it knows is there;
    modules.dep, by whose date -A judges (kmod's too), is the seal on all others.
    """
    first, last = "modules.dep.bin", "modules.dep"
    return [first, *(name for name in names(compat) if name not in (first, last)), last]


def temporary(name: str) -> str:
    """What the file ``name`` of this process is called before it is complete."""
    return f".{name}.{os.getpid()}.new"


def leftovers(directory: str) -> list[str]:
    """The files that processes which are no more left in ``directory`` before they were done."""
    try:
        found = [_TEMPORARY.fullmatch(name) for name in os.listdir(directory)]
    except OSError:
        return []
    return [f"{directory}/{each[0]}" for each in found if each and not os.path.exists(f"/proc/{each[1]}")]


def clear(directory: str) -> None:
    """Take away what such processes have left in ``directory``."""
    for path in leftovers(directory):
        remove(path)


def remove(path: str) -> None:
    """Take the file ``path`` away if that is possible."""
    try:
        os.unlink(path)
    except OSError:
        pass
