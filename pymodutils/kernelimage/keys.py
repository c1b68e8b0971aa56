"""The certificates that are compiled into a kernel: those it trusts for its modules.

certs/system_certificates.S puts them one after the other, and after them the number of bytes that they are
and how many of these are of the key that signs modules. No name leads to them, but these sizes prove them.
"""

from __future__ import annotations

import re
from typing import Final

CERTIFICATE: Final = re.compile(
    rb"\x30\x82..\x30\x82", re.DOTALL
)  # one in another, with lengths of two bytes
HEADER: Final = 4  # bytes of a tag and such a length
ALIGNMENTS: Final = (8, 256)  # bytes; what .align 8 means is the architecture's
MOST: Final = 64  # certificates in a list


def find(data: bytes, bits: int, order: str) -> tuple[bytes, ...]:
    """The DER of each certificate built into the kernel ``data``; none if there is no list of them."""
    for match in CERTIFICATE.finditer(data):
        found = _list(data, match.start())
        while found:
            if _is_sized(data, match.start(), sum(map(len, found)), bits // 8, order):
                return tuple(found)
            found.pop()
    return ()


def _list(data: bytes, at: int) -> list[bytes]:
    """As many values as follow each other from ``at`` on."""
    found: list[bytes] = []
    while CERTIFICATE.match(data, at) and len(found) < MOST:
        size = HEADER + int.from_bytes(data[at + 2 : at + HEADER], "big")
        found.append(data[at : at + size])
        at += size
    return found


def _is_sized(data: bytes, start: int, size: int, word: int, order: str) -> bool:
    """Whether ``size``, and then the part of it that is the modules' key, are behind the list at ``start``.

    The assembler for MIPS counts the padding, too.
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
