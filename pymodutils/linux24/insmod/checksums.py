"""Names with checksums of MODVERSIONS: NAME_R, a prefix, and eight digits."""

from __future__ import annotations

import re
from typing import Final

CHECKSUM: Final = "_R"
WELL_KNOWN: Final = re.compile(r"(?:get_module_symbol|inter_module_get)_R(.*)[0-9a-fA-F]{8}")


class Checksummed:
    """What becomes of names of which one side has checksums."""

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
    """What is between _R and a checksum, by a well-known one of ``names``, or by uname -v."""
    for name in names:
        found = WELL_KNOWN.fullmatch(name)
        if found:
            return found[1]
    return "smp_" if version.partition(" ")[2].startswith("SMP ") else ""
