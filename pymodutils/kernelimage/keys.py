"""Find the certificates compiled into a kernel, which it trusts for modules.

certs/system_certificates.S concatenates them and appends their total size and the size of those for module
signatures. They have no symbols, but these sizes identify them.
"""

from __future__ import annotations

import re
from typing import Final

CERTIFICATE: Final = re.compile(rb"\x30\x82..\x30\x82", re.DOTALL)  # nested SEQUENCEs with two-byte lengths
HEADER: Final = 4  # bytes of a tag and such a length
ALIGNMENTS: Final = (8, 256)  # bytes; the meaning of .align 8 depends on the architecture
MOST: Final = 64  # certificates in a list


def find(data: bytes, bits: int, order: str) -> tuple[bytes, ...]:
    """The DER of each certificate built into the kernel ``data``; empty if there is no list."""
    for match in CERTIFICATE.finditer(data):
        found = _list(data, match.start())
        while found:
            if _is_sized(data, match.start(), sum(map(len, found)), bits // 8, order):
                return tuple(found)
            found.pop()
    return ()


def _list(data: bytes, at: int) -> list[bytes]:
    """The consecutive values from ``at`` on."""
    found: list[bytes] = []
    while CERTIFICATE.match(data, at) and len(found) < MOST:
        size = HEADER + int.from_bytes(data[at + 2 : at + HEADER], "big")
        found.append(data[at : at + size])
        at += size
    return found


def _is_sized(data: bytes, start: int, size: int, word: int, order: str) -> bool:
    """Whether the list at ``start`` is followed by ``size`` and by the size of the module certificates.

    The MIPS assembler counts the padding too.
    """
    for alignment in ALIGNMENTS:
        padded = -(-size // alignment) * alignment
        at = start + padded
        whole, part = (_word(data, place, word, order) for place in (at, at + alignment))
        if whole in (size, padded) and part <= size:
            return True
    return False


def _word(data: bytes, at: int, word: int, order: str) -> int:
    return int.from_bytes(data[at : at + word], "big" if order == "big" else "little")
