"""What modules.builtin.modinfo and a running /sys tell of built-in modules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.kernel.description import Description

if TYPE_CHECKING:
    from pymodutils.root import Root

TAGS: Final = ("parm", "parmtype", "version")  # of modules that /sys/module shows, mostly


def describe(text: str, source: str) -> Description:
    """The built-in modules with parameters or a version by the modules.builtin.modinfo ``text``.

    Whether a parameter is shown is not in it, nor that one is called after another module than its own.
    """
    names = set()
    for entry in text.split("\0"):
        name, _, rest = entry.partition(".")
        if rest.partition("=")[0] in TAGS:
            names.add(name.replace("-", "_"))
    return Description(builtins=tuple(sorted(names)), sources=(source,))


def running(root: Root) -> tuple[str, ...] | None:
    """The directories of /sys/module that are of no loaded module; None if it cannot be read."""
    folder = root.path("/sys/module")
    try:
        names = os.listdir(folder)
    except OSError:
        return None
    return tuple(sorted(name for name in names if not os.path.exists(f"{folder}/{name}/initstate")))
