"""Read .modinfo of a 2.4 module: kernel version, licence, parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.linux24.obj.file import ObjFile

SECTION: Final = ".modinfo"
GPL: Final = ("GPL", "GPL and additional rights", "Dual BSD/GPL", "Dual MPL/GPL")
VERSION_LENGTH: Final = 32  # significant characters of a version


def entries(module: ObjFile) -> Iterator[tuple[str, str | None]]:
    """Keys and values; None for the value of a string without "="."""
    section = module.find(SECTION)
    data = bytes(section.contents or b"") if section else b""
    for line in data.rstrip(b"\0").split(b"\0") if data else ():
        key, equals, value = line.decode("utf-8", "surrogateescape").partition("=")
        yield key, value if equals else None


def value(module: ObjFile, key: str) -> str | None:
    """The value of the first ``key``; an empty one without "="."""
    return next((found or "" for name, found in entries(module) if name == key), None)


def licence(module: ObjFile) -> str | None:
    """The licence, or None; any key that is a prefix of "license" counts, as in modutils."""
    named = ((key, found) for key, found in entries(module) if found is not None)
    return next((found for key, found in named if "license".startswith(key)), None)


def is_gpl(module: ObjFile) -> bool:
    """Whether this module may use symbols exported as GPLONLY_."""
    return licence(module) in GPL


def kernel_version(module: ObjFile) -> str | None:
    """The release that the module was compiled for, from .modinfo or else a symbol; None if unknown."""
    found = value(module, "kernel_version")
    if found is not None:
        return found
    symbol = module.symbols.find("kernel_version") or module.symbols.find("__module_kernel_version")
    if symbol is None or symbol.section >= len(module.sections):
        return None
    data = bytes(module.sections[symbol.section].contents or b"")[symbol.value :]
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def version_number(release: str) -> int:
    """``release`` as LINUX_VERSION_CODE; -1 if malformed."""
    found = re.match(r"\s*(\d+)\.\s*(\d+)\.\s*(\d+)", release)
    if not found:
        return -1
    major, minor, patch = map(int, found.groups())
    return major << 16 | minor << 8 | patch
