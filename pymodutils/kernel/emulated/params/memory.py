"""The memory of parameters: areas of modules, and copies kept by the kernel."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from pymodutils.arch.field import CODES
from pymodutils.elf.headers import PREFIXES
from pymodutils.link.failure import OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.arch.model import Arch
    from pymodutils.blank import Blank
    from pymodutils.link.image import Image

    Area = tuple[int, Blank]

HEAP: Final = {
    32: 0xC100_0000,
    64: 0xFFFF_8880_0100_0000,
}  # first address of the simulated kmalloc(), by width
GRAIN: Final = 8  # alignment of kmalloc() in bytes


class ParamMemory:
    """The areas of a module, and the strings that its parameters have been given.

    ``areas`` maps addresses to contents; ``others`` returns the area around any other address, perhaps of
    another module. ``strings`` maps made-up addresses to the copies that charp parameters point to, ``texts``
    names of parameters with custom functions to the text they were set to; the caller may save both.
    ``written`` has the addresses of the areas that have changed. Each access raises OutOfBounds, about
    ``subject``, outside known memory.
    """

    __slots__ = ("areas", "bits", "others", "prefix", "strings", "subject", "texts", "written")

    def __init__(
        self,
        areas: list[Area],
        arch: Arch,
        subject: str = "module",
        *,
        strings: dict[int, bytes] | None = None,
        texts: dict[str, bytes] | None = None,
        others: Callable[[int], Area | None] = lambda _: None,
    ) -> None:
        self.areas, self.others, self.subject = areas, others, subject
        self.bits: int = arch.bits
        self.prefix = PREFIXES[arch.order]
        self.strings = {} if strings is None else strings
        self.texts = {} if texts is None else texts
        self.written: set[int] = set()

    @classmethod
    def of(cls, image: Image, subject: str = "module") -> ParamMemory:
        """The memory of ``image`` only."""
        areas = list(zip(image.bases, image.memory, strict=True))
        return cls(areas, image.module.arch, subject)

    @property
    def word(self) -> int:
        """The size of a pointer and of a long."""
        return self.bits // 8

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes at ``address``."""
        area, at = self._find(address, size)
        return bytes(area[at : at + size])

    def write(self, address: int, data: bytes) -> None:
        """Write ``data`` at ``address``."""
        area, at = self._find(address, len(data))
        area[at : at + len(data)] = data
        self.written.add(address - at)

    def unpack(self, codes: str, address: int) -> tuple[int, ...]:
        """The structure at ``address`` with struct's ``codes``; P is a pointer."""
        layout = Struct(self.prefix + codes.replace("P", CODES[self.word]))
        return layout.unpack(self.read(address, layout.size))

    def number(self, address: int, size: int, *, signed: bool = False) -> int:
        """The integer of ``size`` bytes at ``address``."""
        code = CODES[size].lower() if signed else CODES[size]
        return self.unpack(code, address)[0]

    def put(self, address: int, size: int, value: int) -> None:
        """Write ``value``, signed or unsigned, as an integer of ``size`` bytes."""
        self.write(address, Struct(self.prefix + CODES[size]).pack(value & (1 << 8 * size) - 1))

    def string(self, address: int, limit: int) -> bytes:
        """The string at ``address`` without its NUL, of at most ``limit`` bytes."""
        if address in self.strings:
            return self.strings[address][:limit]
        area, at = self._find(address, 1)
        end = area.find(b"\0", at, at + limit)
        if end < 0 and at + limit > len(area):
            raise self.fault(address, limit)
        return bytes(area[at : end if end >= 0 else at + limit])

    def keep(self, text: bytes) -> int:
        """The address of a new copy of ``text``."""
        newest = max(self.strings, default=0)
        free = newest + len(self.strings[newest]) + GRAIN & -GRAIN if newest else HEAP[self.bits]
        self.strings[free] = text
        return free

    def fault(self, address: int, size: int) -> OutOfBounds:
        """The error for ``size`` bytes at ``address``."""
        return OutOfBounds(self.subject, f"{self.subject}: {size} bytes of a parameter at {address:#x}")

    def _find(self, address: int, size: int) -> tuple[Blank, int]:
        known = (area for area in self.areas if area[0] <= address < area[0] + len(area[1]))
        base, content = next(known, None) or self._other(address, size)
        if address + size > base + len(content):
            raise self.fault(address, size)
        return content, address - base

    def _other(self, address: int, size: int) -> Area:
        found = self.others(address)
        if found is None:
            raise self.fault(address, size)
        self.areas.append(found)
        return found
