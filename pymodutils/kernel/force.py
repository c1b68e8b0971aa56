"""A copy of a module image changed so that the kernel skips a check, for when no flag can say so.

What finit_module does by flags, init_module cannot: there the kernel finds no versions when __versions
is not to be loaded, and no vermagic when its entry is blank, and takes both as "forced".
"""

from __future__ import annotations

import errno
from struct import pack_into, unpack_from
from typing import Final

from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule
from pymodutils.kernel.base import Init

SHF_ALLOC: Final = 2
SH_FLAGS: Final = 8  # bytes into a section header of either class
CLASSES: Final = {32: ("I", 32, 40), 64: ("Q", 40, 64)}  # a word, where e_shoff is, a header's bytes
VERMAGIC: Final = b"vermagic="


def stripped(image: bytes, flags: Init, subject: str) -> bytes:
    """``image`` without what ``flags`` tell the kernel to ignore; the same object if they tell nothing.

    Raises BadModule about ``subject`` if the image is damaged or says no vermagic.
    """
    if not flags & (Init.IGNORE_MODVERSIONS | Init.IGNORE_VERMAGIC):
        return image
    elf, copy = Elf(image, subject), bytearray(image)
    if flags & Init.IGNORE_MODVERSIONS:
        _unload_versions(elf, copy)
    if flags & Init.IGNORE_VERMAGIC:
        _blank_vermagic(elf, copy)
    return bytes(copy)


def _unload_versions(elf: Elf, copy: bytearray) -> None:
    at = elf.index("__versions")
    if at is None:
        return
    order = "<" if elf.order == "little" else ">"
    word, headers, size = CLASSES[elf.bits]
    (start,) = unpack_from(order + word, copy, headers)
    place = start + at * size + SH_FLAGS
    (flags,) = unpack_from(order + word, copy, place)
    pack_into(order + word, copy, place, flags & ~SHF_ALLOC)


def _blank_vermagic(elf: Elf, copy: bytearray) -> None:
    at = elf.index(".modinfo")
    section = b"" if at is None else elf.content(at)
    found = _entry(section)
    if at is None or found is None:
        raise BadModule(elf.subject, f"{elf.subject} has no vermagic that could be ignored", errno.ENODATA)
    start, end = found
    place = elf.header(at)[4] + start
    copy[place : place + end - start] = bytes(end - start)


def _entry(section: bytes) -> tuple[int, int] | None:
    """Where the first vermagic entry starts and ends, if there is one."""
    start = 0 if section.startswith(VERMAGIC) else section.find(b"\0" + VERMAGIC) + 1
    if not section.startswith(VERMAGIC, start):
        return None
    end = section.find(b"\0", start)
    return start, len(section) if end < 0 else end
