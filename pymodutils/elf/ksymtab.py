"""Export tables of a kernel or a module: __ksymtab and its flags; include/linux/export.h.

An entry is {value, name, namespace}, as pointers or as 32-bit offsets from each field to its target
(CONFIG_HAVE_ARCH_PREL32_RELOCATIONS); before Linux 5.4 it has no namespace.
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final, NamedTuple

from pymodutils.elf.headers import PREFIXES, WORDS

FLAGS: Final = "__kflagstab"  # since 7.0 one table for all, and a byte of flags for each
GPL_FLAG: Final = 1
DISTANCE: Final = 4  # bytes


class Export(NamedTuple):
    """A symbol that modules may use."""

    address: int | None  # as linked, before KASLR; None if unknown
    crc: int | None  # None without CONFIG_MODVERSIONS, or if unknown
    gpl: bool | None  # only for modules with a compatible licence; None if unknown
    namespace: str | None  # "" for none, None if unknown


class KsymtabFormat(NamedTuple):
    """The format of the entries of a table."""

    relative: bool  # offsets rather than pointers
    fields: int = 3  # or 2 before namespaces

    def size(self, bits: int) -> int:
        """The size of an entry with pointers of ``bits``."""
        return self.fields * (DISTANCE if self.relative else bits // 8)

    def rows(
        self, raw: bytes | memoryview, count: int, address: int, bits: int, order: str
    ) -> list[tuple[int, int, int]]:
        """(value, name, namespace) of the first ``count`` entries of the table ``raw`` at ``address``.

        Fields are addresses; 0 for no namespace, and for an offset of 0.
        """
        total, mask = count * self.fields, (1 << bits) - 1
        code = "i" if self.relative else WORDS[bits]
        words = list(unpack_from(f"{PREFIXES[order]}{total}{code}", raw))
        if self.relative:
            places = range(address, address + total * DISTANCE, DISTANCE)
            words = [place + word & mask if word else 0 for place, word in zip(places, words, strict=True)]
        spaces = words[2::3] if self.fields == 3 else [0] * count  # noqa: PLR2004
        return list(zip(words[:: self.fields], words[1 :: self.fields], spaces, strict=True))


def gpl_only(flags: bytes) -> list[bool]:
    """Whether each entry is GPL-only, by the bytes of __kflagstab."""
    return [bool(flag & GPL_FLAG) for flag in flags]
