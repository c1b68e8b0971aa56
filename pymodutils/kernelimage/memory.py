"""The kernel's address space in its image: access to bytes and strings by address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import SHF_ALLOC, SHT_NOBITS
from pymodutils.errors import BadKernel

if TYPE_CHECKING:
    from pymodutils.elf.scan import Elf

MOST: Final = 512  # sections in memory; a kernel has some sixty
LONGEST: Final = 512  # bytes of a symbol's name: KSYM_NAME_LEN


class Region(NamedTuple):
    """``size`` bytes of the file at ``offset``, mapped at ``address``."""

    address: int
    offset: int
    size: int


class ImageMemory:
    """``data`` with its ``regions``; words have ``bits`` and ``order``."""

    def __init__(self, data: bytes, regions: list[Region], bits: int, order: str) -> None:
        self.data, self.regions, self.bits, self.order = data, regions, bits, order
        self.word = bits // 8
        self.prefix = ">" if order == "big" else "<"
        self.long = "Q" if bits == 64 else "I"  # noqa: PLR2004 -- struct's code of a pointer
        self.mask = (1 << bits) - 1

    def offset(self, address: int) -> int | None:
        """The file offset of ``address``, or None."""
        for at, region in enumerate(self.regions):
            if 0 <= address - region.address < region.size:
                if at:  # the next lookup is usually in the same region
                    self.regions.insert(0, self.regions.pop(at))
                return address - region.address + region.offset
        return None

    def address(self, offset: int) -> int:
        """The address of the file offset ``offset``; the inverse of ``offset``."""
        for region in self.regions:
            if 0 <= offset - region.offset < region.size:
                return offset - region.offset + region.address
        raise BadKernel("kernel image", f"the byte at offset {offset} of the kernel has no address")

    def string(self, address: int) -> bytes | None:
        """The NUL-terminated string at ``address``; None if there is none of at most LONGEST bytes."""
        start = self.offset(address)
        if start is None:
            return None
        end = self.data.find(b"\0", start, start + LONGEST + 1)
        return None if end < 0 else self.data[start:end]


def of_sections(data: bytes, elf: Elf) -> ImageMemory:
    """The memory described by the sections of a vmlinux."""
    sections = [one for one in elf.sections if one.sh_flags & SHF_ALLOC and one.sh_type != SHT_NOBITS]
    if len(sections) > MOST:
        raise BadKernel("kernel image", f"{len(sections)} sections are more than a kernel has")
    regions = [Region(one.sh_addr, one.sh_offset, one.sh_size) for one in sections]
    return ImageMemory(data, regions, elf.bits, elf.order)


def at_base(data: bytes, base: int, bits: int, order: str) -> ImageMemory:
    """The memory of a raw image that starts at ``base``."""
    return ImageMemory(data, [Region(base, 0, len(data))], bits, order)
