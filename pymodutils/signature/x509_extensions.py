"""Extensions of X.509 certificates; x509_process_extension in x509_cert_parser.c."""

from __future__ import annotations

from typing import Final

from pymodutils.signature import names
from pymodutils.signature.ber import BIT_STRING, BOOLEAN, SEQUENCE
from pymodutils.signature.rejected import Rejected

SHORTEST: Final = 3  # bytes: tag, length, and one of content
BITS: Final = 8  # of a byte
AUTHORITY: Final = bytes([BOOLEAN, 1, 0xFF])
USES_SINCE: Final = (6, 4)  # from then on it is read what the key may be used for
STRICT_SINCE: Final = (6, 12)


def _key_usage(content: bytes, _: tuple[int, ...]) -> None:
    """Refuse a key usage that is no string of bits; what it allows does not matter to modules."""
    if len(content) < SHORTEST + 1 or content[0] != BIT_STRING or content[2] >= BITS:
        raise Rejected("certificate", "its key usage is malformed")


def _basic_constraints(content: bytes, release: tuple[int, ...]) -> None:
    """Refuse basic constraints that are malformed or, since 6.12, not empty and of no authority."""
    if len(content) < SHORTEST - 1 or content[0] != SEQUENCE or content[1] != len(content) - 2:
        raise Rejected("certificate", "its basic constraints are malformed")
    if release >= STRICT_SINCE and content[1] and content[2:5] != AUTHORITY:
        raise Rejected("certificate", "its basic constraints are malformed")


USES: Final = {names.KEY_USAGE: _key_usage, names.BASIC_CONSTRAINTS: _basic_constraints}


def short(data: bytes, tag: int) -> bytes | None:
    """The content of ``data``, a single value with a one-byte length; None if it has another form."""
    if len(data) < SHORTEST or data[0] != tag or data[1] != len(data) - 2:
        return None
    return data[2:]
