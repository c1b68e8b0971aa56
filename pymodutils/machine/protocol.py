"""The boot protocol, as a boot loader performs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from mmap import mmap


class KernelStart(NamedTuple):
    """A kernel and what its boot loader gives it."""

    image: bytes  # the file
    kernel: bytes  # what is in it: an ELF file, or memory
    cmdline: bytes
    linked: int  # where the first byte of memory is linked; 0 for an ELF file


class BootProtocol(NamedTuple):
    """A boot protocol."""

    container: str  # the kind of image that is booted, of kernelimage.container
    cmdline: str  # what a machine with so little hardware needs
    longest: int  # bytes of a command line
    prepare: Callable[[mmap, KernelStart], None]  # put the kernel and its parameters into RAM
