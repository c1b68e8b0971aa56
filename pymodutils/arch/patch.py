"""Interfaces for patching a linked module: the kernel, and a table of places."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymodutils.arch.field import ByteOrder


class RunningKernel(NamedTuple):
    """Facts about a running kernel."""

    one_cpu: bool = True  # a uniprocessor: lock prefixes are removed
    return_thunks: bool = False  # X86_FEATURE_RETHUNK: returns remain jumps to a thunk
    sorts_pairs: bool = False  # the heapsort of 6.9 and later
    static_keys: Mapping[int, int] = {}  # addresses of static call keys by trampoline


class PatchSites(Protocol):
    """A section of a linked module that lists the places of one kind of patch."""

    @property
    def kernel(self) -> RunningKernel:
        """The patching kernel."""
        ...

    @property
    def order(self) -> ByteOrder:
        """The byte order of the module."""
        ...

    @property
    def table(self) -> memoryview:
        """The bytes of the section, writable."""
        ...

    @property
    def address(self) -> int:
        """The address of the section."""
        ...

    @property
    def text(self) -> range:
        """The address range of .text, or with areas by type, of all core text."""
        ...

    def imports(self) -> dict[str, int]:
        """The resolved imports of the module, by name."""
        ...

    def section(self, name: str) -> memoryview | None:
        """The bytes of the section ``name``, writable; None if it is not in memory."""
        ...

    def code(self, address: int, size: int) -> memoryview:
        """``size`` bytes of the module at ``address``, writable; empty if out of range."""
        ...

    def in_init(self, address: int) -> bool:
        """Whether ``address`` is in memory freed after init()."""
        ...


if TYPE_CHECKING:
    Patches = Mapping[str, Callable[[PatchSites], int]]
