"""The interface of a live kernel for its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pymodutils.elf.btf import Btf
    from pymodutils.machine.guest import Guest


class Host(Protocol):
    """A kernel that modules are loaded into."""

    guest: Guest

    @property
    def btf(self) -> Btf | None:
        """The types of the kernel itself, or None if it has no BTF."""
        ...

    def name(self, address: int) -> str:
        """The function at ``address``, with file and line or offset where that is known."""
        ...

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove the module ``name``; Refused with the kernel's errno."""
        ...

    def read(self, path: str) -> bytes:
        """The contents of the file ``path`` of /proc or /sys; Refused with the kernel's errno."""
        ...

    def messages(self) -> list[str]:
        """The texts of the log since the kernel booted, without levels and times."""
        ...
