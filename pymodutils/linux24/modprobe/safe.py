"""Safe mode: what modprobe accepts from the kernel's kmod, or from a program that runs as another user."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KMOD: Final = {"HOME": "/", "TERM": "linux", "PATH": "/sbin:/usr/sbin:/bin:/usr/bin"}
OURS: Final = "PYMODUTILS_"  # how variables of this package begin, which no kernel sets


def safe_mode(environment: Mapping[str, str]) -> bool:
    """Whether ``environment`` is that of kmod, or the effective user differs from the real one."""
    given = {name: value for name, value in environment.items() if not name.startswith(OURS)}
    return given.items() <= KMOD.items() or os.getuid() != os.geteuid()


def check(words: Sequence[str]) -> None:
    """Raise ModutilsError unless ``words`` are one that can only be the name of a module."""
    if len(words) != 1:
        raise ModutilsError("", "Safe mode has more than one parameter")
    if words[0].startswith("-"):
        raise ModutilsError("", "Safe mode parameter starts with '-'")
    if "=" in words[0]:
        raise ModutilsError("", "Safe mode parameter contains '='")
