"""Memory from which values are read and to which they are written: the kernel's, or that of one value."""

from __future__ import annotations

from typing import Protocol

from pymodutils.errors import ModutilsError
from pymodutils.machine.paging import Unmapped


class Memory(Protocol):
    """Memory by address; that of a machine is ``paging.AddressSpace``. Its methods raise Unmapped."""

    def read(self, address: int, length: int) -> bytes:
        """``length`` bytes at ``address``."""
        ...

    def write(self, address: int, data: bytes) -> None:
        """Put ``data`` at ``address``."""
        ...

    def string(self, address: int) -> bytes:
        """The bytes at ``address`` up to a NUL."""
        ...


class BadValue(ModutilsError):
    """A value that does not fit its C type, or unmapped memory."""


def read(space: Memory, address: int, size: int) -> bytes:
    """Read kernel memory; raises BadValue if unmapped."""
    try:
        return space.read(address, size)
    except Unmapped as error:
        raise BadValue(hex(address), f"no memory at {error.address:#x} in the kernel") from None


def write(space: Memory, address: int, data: bytes) -> None:
    """Write kernel memory, even if read-only; raises BadValue if unmapped."""
    try:
        space.write(address, data)
    except Unmapped as error:
        raise BadValue(hex(address), f"no memory at {error.address:#x} in the kernel") from None


class Detached:
    """``data`` as memory at address 0."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    def read(self, address: int, length: int) -> bytes:
        """``length`` bytes at ``address``."""
        return bytes(self.data[address : address + length])

    def write(self, address: int, data: bytes) -> None:
        """Write ``data`` at ``address``."""
        self.data[address : address + len(data)] = data

    def string(self, address: int) -> bytes:
        """The bytes at ``address`` up to a NUL."""
        return bytes(self.data[address:]).split(b"\0")[0]
