"""What every kernel, real or emulated, can be asked."""

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
    """How /sys/module/NAME/initstate and the module directory describe a module."""

    LIVE = "live"
    COMING = "coming"
    GOING = "going"


class Loaded(NamedTuple):
    """A module in the kernel, as lsmod shows it."""

    name: str
    size: int  # bytes of the core image
    users: int | None  # the use count; None where the kernel cannot unload modules
    holders: tuple[str, ...]  # names of modules that use it
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
    """Loads, removes and lists modules; every refusal is errors.Refused with the call's errno."""

    def insert(self, path: str, params: str, flags: Init = Init.NONE) -> str:
        """Load the module file ``path``, compressed or not, with ``params``; return a remark or ""."""
        ...

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name`` without waiting (O_NONBLOCK), with ``force`` although it is in use (O_TRUNC)."""
        ...

    def loaded(self) -> list[Loaded]:
        """Every module, newest first, as /proc/modules lists them; raises ModutilsError if it cannot."""
        ...

    def state(self, name: str) -> State | None:
        """The state of ``name``, or None if it is not in the kernel."""
        ...

    def users(self, name: str) -> int | None:
        """The reference count of ``name``, or None without module unloading or if it is not loaded."""
        ...

    def holders(self, name: str) -> tuple[str, ...]:
        """The modules that use ``name``."""
        ...
