"""Headers of kernel images, except ELF and formats shared by several architectures."""

from __future__ import annotations

from typing import NamedTuple


class Magic(NamedTuple):
    """Magic bytes of a header: ``value``, optionally under ``mask``."""

    offset: int
    value: bytes
    mask: bytes = b""

    def fits(self, data: bytes) -> bool:
        """Whether ``data`` matches."""
        found = data[self.offset : self.offset + len(self.value)]
        if self.mask:
            found = bytes(byte & mask for byte, mask in zip(found, self.mask, strict=False))
        return found == self.value


class ImageHeader(NamedTuple):
    """A kernel image format, identified by ``magics``."""

    name: str
    magics: tuple[Magic, ...]
    bare: bool = False  # the kernel's memory, rather than a wrapper of a compressed one

    def fits(self, data: bytes) -> bool:
        """Whether ``data`` is such an image."""
        return all(magic.fits(data) for magic in self.magics)
