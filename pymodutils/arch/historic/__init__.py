"""Machines removed from Linux before 6.1, one file each, with the bugs of their loaders.

arm26 and sh64 never had a loader in 2.6. That of m68knommu did what m68k's does, and has the same e_machine.
"""

from __future__ import annotations

from typing import Final

MODULES: Final = {
    46: "h8300",
    76: "cris",
    87: "v850",
    88: "m32r",
    89: "mn10300",
    95: "score",
    106: "blackfin",
    135: "score",
    140: "c6x",
    167: "nds32",
    174: "metag",
    188: "tile",
    191: "tile",
    0x5441: "frv",
    0x9041: "m32r",
    0x9080: "v850",
    0xBEEF: "mn10300",
}  # e_machine -> the file that has it
