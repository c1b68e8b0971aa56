"""The interface of every kernel, real or emulated."""

from __future__ import annotations

from enum import Enum, IntFlag
from typing import NamedTuple, Protocol


class Init(IntFlag):
    """Flags of finit_module; include/uapi/linux/module.h."""

    NONE = 0
    IGNORE_MODVERSIONS = 1
    IGNORE_VERMAGIC = 2
    COMPRESSED_FILE = 4


class State(Enum):
    """The state of a module, as in /sys/module/NAME/initstate."""

    LIVE = "live"
    COMING = "coming"
    GOING = "going"


class Loaded(NamedTuple):
    """A loaded module, as in lsmod."""

    name: str
    size: int  # bytes of the core image
    users: int | None  # the reference count; None if the kernel does not support unloading
    holders: tuple[str, ...]  # names of the modules that use it
    state: State
    address: int = 0
    taints: str = ""  # as in /proc/modules, without the brackets
    assumed: bool = False  # whether init() was not run, and nobody said what it returns


class PrintkRecord(NamedTuple):
    """A line of the kernel's log."""

    number: int
    stamp: float  # seconds since the epoch
    level: int
    text: str


class Kernel(Protocol):
    """Loads, removes and lists modules; a refusal raises errors.Refused with the errno of the call."""

    def insert(self, path: str, params: str, flags: Init = Init.NONE) -> str:
        """Load the module file ``path``, compressed or not, with ``params``; return a remark or ""."""
        ...

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name`` without waiting (O_NONBLOCK), with ``force`` even if in use (O_TRUNC)."""
        ...

    def loaded(self) -> list[Loaded]:
        """All modules, newest first, as in /proc/modules; raises ModutilsError if it cannot be read."""
        ...

    def state(self, name: str) -> State | None:
        """The state of ``name``; None if it is not loaded."""
        ...

    def users(self, name: str) -> int | None:
        """The reference count of ``name``; None without module unloading or if it is not loaded."""
        ...

    def holders(self, name: str) -> tuple[str, ...]:
        """The modules that use ``name``."""
        ...
