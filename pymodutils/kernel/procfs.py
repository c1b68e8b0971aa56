"""Loaded modules from /proc/modules (names and order) and /sys/module (the rest)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadLine, ModutilsError
from pymodutils.kernel.base import Loaded, State

if TYPE_CHECKING:
    from pymodutils.root import Root

STATES: Final = {"Live": State.LIVE, "Loading": State.COMING, "Unloading": State.GOING}
NOBODY: Final = ("", "-", "[permanent]")
MISSING: Final = ("", "", "", "", "", "")  # pads short lines with fields that are not numbers
PROC_MODULES: Final = "/proc/modules"


class Procfs:
    """A kernel whose modules are listed from the /proc and /sys of its ``root``."""

    root: Root

    def loaded(self) -> list[Loaded]:
        """Every module, newest first; raises ModutilsError without /proc/modules."""
        return loaded(self.root)

    def state(self, name: str) -> State | None:
        """The state of ``name``, or None if it is not in the kernel."""
        return state(self.root, name)

    def users(self, name: str) -> int | None:
        """The reference count of ``name``, or None without module unloading or if it is not loaded."""
        return users(self.root, name)

    def holders(self, name: str) -> tuple[str, ...]:
        """The modules that use ``name``."""
        return holders(self.root, name) or ()


def loaded(root: Root) -> list[Loaded]:
    """All modules, newest first; fields missing in /sys/module/NAME are taken from /proc/modules.

    So a module removed meanwhile is shown as before. Raises ModutilsError without /proc/modules, BadLine for
    a malformed line.
    """
    path = root.path(PROC_MODULES)
    try:
        text = root.read(PROC_MODULES).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise ModutilsError(path, f"could not open {path}: {error.strerror}", error.errno) from error
    lines = text.rstrip("\n").split("\n")
    return [_fresh(root, _parse(f"{path}:{at}", line)) for at, line in enumerate(lines, start=1) if line]


def state(root: Root, name: str) -> State | None:
    """The state of ``name``, or None if it is not in the kernel.

    A built-in module with parameters has a directory too and looks like a coming one: check
    modules.builtin first. Raises BadLine for an unknown state.
    """
    word = _word(root, name, "initstate")
    if word is None:
        return State.COMING if name and os.path.isdir(root.path(f"/sys/module/{name}")) else None
    try:
        return State(word)
    except ValueError:
        raise _unreadable(root, name, "initstate", word) from None


def users(root: Root, name: str) -> int | None:
    """The reference count of ``name``; None without module unloading or if it is not loaded."""
    return _number(root, name, "refcnt")


def holders(root: Root, name: str) -> tuple[str, ...] | None:
    """The modules that use ``name`` in directory order; None without the directory."""
    try:
        return tuple(root.listdir(f"/sys/module/{name}/holders"))
    except OSError:
        return None


def _parse(place: str, line: str) -> Loaded:
    """Parse ``NAME SIZE USERS HOLDERS STATE ADDRESS [TAINTS]``, the format since 2.6."""
    name, size, count, used_by, state, address, taints = [*line.split(" "), *MISSING][:7]
    try:
        return Loaded(
            name=name,
            size=int(size),
            users=None if count == "-" else int(count),
            holders=tuple(user for user in used_by.split(",") if user not in NOBODY),
            state=STATES[state],
            address=int(address, 16),
            taints=taints.strip("()+-"),
        )
    except (ValueError, KeyError) as error:
        raise BadLine(place, f"{place}: not a line about a module: {line!r}") from error


def _fresh(root: Root, module: Loaded) -> Loaded:
    """``module`` with the current size, reference count and order of holders from /sys/module."""
    size = _number(root, module.name, "coresize")
    if size is None:
        return module
    count, used_by = users(root, module.name), holders(root, module.name)
    return module._replace(
        size=size,
        users=module.users if count is None else count,
        holders=module.holders if used_by is None else used_by,
    )


def _number(root: Root, name: str, attribute: str) -> int | None:
    word = _word(root, name, attribute)
    if word is None:
        return None
    try:
        return int(word)
    except ValueError:
        raise _unreadable(root, name, attribute, word) from None


def _word(root: Root, name: str, attribute: str) -> str | None:
    try:
        return root.read(f"/sys/module/{name}/{attribute}").decode("ascii", "replace").strip()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None


def _unreadable(root: Root, name: str, attribute: str, word: str) -> BadLine:
    path = root.path(f"/sys/module/{name}/{attribute}")
    return BadLine(path, f"{path} holds {word!r}")
