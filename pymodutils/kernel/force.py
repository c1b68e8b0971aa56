"""Modify a module image so that init_module skips a check, as finit_module does by flags.

The kernel ignores __versions if that section is not allocated, and vermagic if its entry is blank, and
treats both as a forced load.
"""

from __future__ import annotations

import errno
import os
from struct import pack_into
from typing import Final

from pymodutils.elf import headers
from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.elf.headers import Ehdr, Shdr
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule
from pymodutils.kernel.base import Init

SH_FLAGS: Final = 8  # offset of sh_flags in a section header, by class
VERMAGIC: Final = b"vermagic="


def stripped(image: bytes, flags: Init, subject: str) -> bytes:
    """``image`` without the parts that ``flags`` tell the kernel to ignore; unchanged without flags.

    Raises BadModule for ``subject`` if the image is damaged or has no vermagic.
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
    start = Ehdr._make(headers.ehdr(elf.bits, elf.order).unpack_from(copy)).e_shoff
    place = start + at * headers.shdr(elf.bits, elf.order).size + SH_FLAGS
    flags = Shdr._make(elf.header(at)).sh_flags & ~SHF_ALLOC
    pack_into(headers.PREFIXES[elf.order] + headers.WORDS[elf.bits], copy, place, flags)


def _blank_vermagic(elf: Elf, copy: bytearray) -> None:
    at = elf.index(".modinfo")
    section = b"" if at is None else elf.content(at)
    found = _entry(section)
    if at is None or found is None:
        missing = BadModule(elf.subject, f"{elf.subject} has no vermagic to ignore", errno.ENODATA)
        missing.why = f"Failed to strip version information: {os.strerror(errno.ENODATA)}"
        raise missing
    start, end = found
    place = elf.header(at)[4] + start
    copy[place : place + end - start] = bytes(end - start)


def _entry(section: bytes) -> tuple[int, int] | None:
    """Start and end of the first vermagic entry, if there is one."""
    start = 0 if section.startswith(VERMAGIC) else section.find(b"\0" + VERMAGIC) + 1
    if not section.startswith(VERMAGIC, start):
        return None
    end = section.find(b"\0", start)
    return start, len(section) if end < 0 else end
