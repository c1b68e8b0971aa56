"""Sections and their load order."""

from __future__ import annotations

from typing import Final

from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS

INIT: Final = ".init"  # at the end of .text.init and .data.init


class ObjSection:
    """A section: header and contents, which may be changed and extended."""

    __slots__ = ("address", "align", "contents", "flags", "index", "info", "link", "name", "size", "type")

    def __init__(
        self, name: str, index: int, *, sh_type: int, flags: int, align: int, link: int = 0, info: int = 0
    ) -> None:
        self.name, self.index, self.type, self.flags, self.align = name, index, sh_type, flags, align
        self.link, self.info = link, info
        self.address = 0  # an offset in the image until the address of the image is known
        self.size = 0
        self.contents: bytearray | None = None

    def fill(self, contents: bytes | bytearray) -> None:
        """Set its ``contents``."""
        self.contents, self.size = bytearray(contents), len(contents)

    def extend(self, more: int) -> int:
        """Append ``more`` zero bytes; return their offset."""
        before = self.size
        self.fill(bytes(self.contents or b"") + bytes(more))
        return before

    @property
    def is_loaded(self) -> bool:
        """Whether it is part of the image."""
        return bool(self.flags & SHF_ALLOC)


class LoadOrder:
    """The load order: code, read-only data, data, sections without data, and .text.init and .data.init last.

    ``short`` is the flag of sections addressed by the global pointer.
    """

    def __init__(self, short: int) -> None:
        self.short = short
        self.sections: list[ObjSection] = []
        self._start = 0  # sections that stay first

    def insert(self, section: ObjSection) -> None:
        """Insert ``section`` after all with the same or a higher priority."""
        own = self._priority(section)
        at = self._start
        while at < len(self.sections) and self._priority(self.sections[at]) >= own:
            at += 1
        self.sections.insert(at, section)

    def insert_first(self, section: ObjSection) -> None:
        """Insert ``section`` at the front permanently."""
        self.sections.insert(0, section)
        self._start += 1

    def _priority(self, section: ObjSection) -> int:
        bits = (
            not (section.name.startswith(".") and section.name[5:] == INIT),
            section.flags & SHF_ALLOC,
            section.flags & SHF_EXECINSTR,
            not section.flags & SHF_WRITE,
            section.type != SHT_NOBITS,
            section.name == ".got",
            False,
        )
        value = sum(bool(bit) << at for at, bit in enumerate(reversed(bits)))
        return value & ~4 | 1 if section.flags & self.short else value
