"""Resolve symbolic links with a directory as "/", like RESOLVE_IN_ROOT of openat2(2).

openat2 itself returns a descriptor, but messages, plans and modules.dep need names.
"""

from __future__ import annotations

import errno
import os
from typing import Final

MAXSYMLINKS: Final = 40  # of the kernel


def resolve(root: str, path: str) -> str:
    """The target of the absolute ``path`` with ``root`` as the root directory; it need not exist.

    Unchanged if its links resolve to the same place without that root, otherwise without links.
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
                return "/".join((root, *passed, "..", *todo[::-1]))  # fails as intended
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
    """The target of the link ``path``; None if it is no link or missing."""
    try:
        return os.readlink(path)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
