"""Hints for users when no modules are found."""

from __future__ import annotations

import os

from pymodutils.root import MODULES, USR_MODULES

MOST = 5  # releases to list


def about(directory: str) -> str:
    """Why nothing is found in the module directory ``directory``, with a remedy; "" if it seems valid."""
    if os.path.exists(f"{directory}/modules.dep.bin"):
        return ""
    if os.path.isdir(directory):
        return f"{directory} has no modules.dep.bin: run depmod"
    parent, release = os.path.split(directory)
    other = _other(parent)
    if other and os.path.isdir(f"{other}/{release}"):
        return f"the modules of {release} are in {other}: make {parent} a link to it"
    found = sorted(name for name in _names(parent) if os.path.isdir(f"{parent}/{name}"))
    if not found:
        return f"there are no modules of any kernel in {parent}"
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return f"there are no modules of {release} in {parent}, only of {', '.join(found[-MOST:])}{more}"


def _other(parent: str) -> str:
    """The alternative to ``parent``: usr/lib/modules for lib/modules, and vice versa."""
    if parent.endswith(USR_MODULES):
        return parent.removesuffix(USR_MODULES) + MODULES
    return parent.removesuffix(MODULES) + USR_MODULES if parent.endswith(MODULES) else ""


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
