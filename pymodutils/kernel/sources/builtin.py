"""Built-in modules from modules.builtin.modinfo and a running /sys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.kernel.description import Description

if TYPE_CHECKING:
    from pymodutils.root import Root

TAGS: Final = ("parm", "parmtype", "version")  # keys of modules that are mostly visible in /sys/module


def describe(text: str, source: str) -> Description:
    """The built-in modules with parameters or a version in the modules.builtin.modinfo ``text``.

    It does not tell whether a parameter is visible, or has the prefix of another module.
    """
    names = set()
    for entry in text.split("\0"):
        name, _, rest = entry.partition(".")
        if rest.partition("=")[0] in TAGS:
            names.add(name.replace("-", "_"))
    return Description(builtins=tuple(sorted(names)), sources=(source,))


def running(root: Root) -> tuple[str, ...] | None:
    """The directories of /sys/module without a loaded module; None if it cannot be read."""
    folder = root.path("/sys/module")
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    return tuple(sorted(name for name in names if not os.path.exists(f"{folder}/{name}/initstate")))
