"""What the file of a kernel begins with, apart from ELF and formats that only some architectures share."""

from __future__ import annotations

from typing import NamedTuple


class Magic(NamedTuple):
    """Bytes of a header: ``value``, of the bits that ``mask`` has, if there is one."""

    offset: int
    value: bytes
    mask: bytes = b""

    def fits(self, data: bytes) -> bool:
        """Whether ``data`` has them."""
        found = data[self.offset : self.offset + len(self.value)]
        if self.mask:
            found = bytes(byte & mask for byte, mask in zip(found, self.mask, strict=False))
        return found == self.value


class ImageHeader(NamedTuple):
    """A kind of kernel image that ``magics`` tell from others."""

    name: str
    magics: tuple[Magic, ...]
    bare: bool = False  # it is the kernel's memory, else something around a compressed one

    def fits(self, data: bytes) -> bool:
        """Whether ``data`` is such an image."""
        return all(magic.fits(data) for magic in self.magics)
