"""What the kernel patches in a linked module: the kernel that does it, and the table of its places."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymodutils.arch.field import ByteOrder


class RunningKernel(NamedTuple):
    """Facts about a running kernel."""

    one_cpu: bool = True  # and never more: locked instructions lose their prefix
    return_thunks: bool = False  # X86_FEATURE_RETHUNK: returns stay jumps to a thunk
    sorts_pairs: bool = False  # by the heapsort of 6.9 and later
    static_keys: Mapping[int, int] = {}  # where static calls' keys are, by their trampolines


class PatchSites(Protocol):
    """A section of a linked module that names the places of one kind of patch."""

    @property
    def kernel(self) -> RunningKernel:
        """The kernel that patches."""
        ...

    @property
    def order(self) -> ByteOrder:
        """The byte order of the module."""
        ...

    @property
    def table(self) -> memoryview:
        """The section, to be read and written."""
        ...

    @property
    def address(self) -> int:
        """Where the section is."""
        ...

    @property
    def text(self) -> range:
        """The addresses of .text, or with areas by type, of all code that stays."""
        ...

    def imports(self) -> dict[str, int]:
        """The undefined symbols of the module that are somewhere, by name."""
        ...

    def section(self, name: str) -> memoryview | None:
        """The section ``name``, to be read and written; None if it is not in memory."""
        ...

    def code(self, address: int, size: int) -> memoryview:
        """``size`` bytes of the module at ``address``, to be read and written; none if it has not so many."""
        ...

    def in_init(self, address: int) -> bool:
        """Whether ``address`` is in memory that is freed after init."""
        ...


if TYPE_CHECKING:
    Patches = Mapping[str, Callable[[PatchSites], int]]
