"""Symbolic links below a directory that stands for "/": what RESOLVE_IN_ROOT of openat2(2) means, by hand.

By hand on every kernel: openat2 answers with a descriptor, but messages, plans and modules.dep take names.
"""

from __future__ import annotations

import errno
import os
from typing import Final

MAXSYMLINKS: Final = 40  # of the kernel


def resolve(root: str, path: str) -> str:
    """Where ``path``, absolute, leads with ``root`` as the root directory; it need not exist.

    As it is written if the links in it lead there without that root too, otherwise without links.
    Raises OSError with ELOOP.
    """
    todo, passed = path.split("/")[::-1], list[str]()
    links, leaves = 0, False
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            if not os.path.isdir("/".join((root, *passed))):
                return "/".join((root, *passed, "..", *todo[::-1]))  # fails as it is to
            leaves |= not passed
            passed = passed[:-1]
            continue
        target = _target("/".join((root, *passed, name)))
        if target is None:
            passed.append(name)
            continue
        links += 1
        if links > MAXSYMLINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), f"{root}{path}")
        if target.startswith("/"):
            leaves, passed = True, []
        todo += target.split("/")[::-1]
    return "/".join((root, *passed)) if leaves else f"{root}{path}"


def _target(path: str) -> str | None:
    """What the link ``path`` says, None if it is no link or not there."""
    try:
        return os.readlink(path)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
