"""MODVERSIONS of 2.4: NAME_R, a prefix and eight hex digits; and the version without them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.linux24.obj import modinfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.linux24.obj.file import ObjFile

CHECKSUM: Final = "_R"
WELL_KNOWN: Final = re.compile(r"(?:get_module_symbol|inter_module_get)_R(.*)[0-9a-fA-F]{8}")


class Checksummed:
    """Strips the checksum from a name; ``prefix`` is the part before its digits."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def __call__(self, name: str) -> str:
        """``name`` without the checksum."""
        tail = 8 + len(self.prefix)
        stem, mark = name[: -tail - 2], name[-tail - 2 : -tail]
        if stem and mark == CHECKSUM and name[-tail:].startswith(self.prefix):
            return stem
        return name


def checksum_prefix(names: list[str], version: str) -> str:
    """The prefix between _R and a checksum: by the last well-known name, else by ``version`` (uname -v)."""
    found = [match[1] for match in map(WELL_KNOWN.fullmatch, names) if match]
    if found:
        return str(found[-1])
    return "smp_" if version.partition(" ")[2].startswith("SMP ") else ""


def of_kernel(symbols: Mapping[str, int]) -> int:
    """The version of checksums in the kernel's names; 0 if it has none."""
    return symbols.get("Using_Versions", 0)


def of_module(module: ObjFile) -> int:
    """The same for ``module``."""
    if modinfo.value(module, "kernel_version") is None:
        return int(module.symbols.find("Using_Versions") is not None)
    found = re.match(r"\s*\d+", modinfo.value(module, "using_checksums") or "")
    return int(found[0]) if found else 0
