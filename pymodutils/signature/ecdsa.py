"""ECDSA signatures on the NIST curves, with the kernel's checks; crypto/ecdsa.c, FIPS 186-4."""

from __future__ import annotations

from errno import EBADMSG, EINVAL, EKEYREJECTED
from typing import TYPE_CHECKING, Final

from pymodutils.signature.ber import INTEGER, SEQUENCE, Reader
from pymodutils.signature.curves import CURVES, DIGIT, sum_of_multiples
from pymodutils.signature.rejected import Rejected

if TYPE_CHECKING:
    from pymodutils.signature.curves import Curve

UNCOMPRESSED: Final = 4
ROUNDED_SINCE: Final = (6, 10)  # coordinates may be shorter, by less than a digit


def verify(curve: str, key: bytes, digest: bytes, signature: bytes, release: tuple[int, ...]) -> None:
    """Raise Rejected unless ``signature`` is that of ``digest`` under the point ``key`` of ``curve``."""
    found = CURVES[curve]
    public = _public(found, key, release)
    r, s = _numbers(found, signature)
    if not (0 < r < found.n and 0 < s < found.n):
        raise Rejected("signature", "a number of the signature is out of range", EBADMSG)
    inverse = pow(s, -1, found.n)
    hashed = int.from_bytes(digest[: found.padded_size], "big")
    point = sum_of_multiples(found, hashed * inverse % found.n, found.g, r * inverse % found.n, public)
    if point is None or point[0] % found.n != r:
        raise Rejected("signature", "the signature is not that of the data", EKEYREJECTED)


def _public(curve: Curve, key: bytes, release: tuple[int, ...]) -> tuple[int, int]:
    size = len(key) - 1 >> 1
    if release >= ROUNDED_SINCE:
        fits = len(key) % 2 == 1 and curve.padded_size - DIGIT < size <= curve.padded_size
    else:
        fits = size == curve.size  # one more byte is not looked at
    x, y = (int.from_bytes(part, "big") for part in (key[1 : 1 + size], key[1 + size : 1 + 2 * size]))
    on = (y * y - (x * x * x - 3 * x + curve.b)) % curve.p == 0
    if not fits or key[0] != UNCOMPRESSED or max(x, y) >= curve.p or not on:
        raise Rejected("signature", "the key is no point of its curve", EINVAL)
    return x, y


def _numbers(curve: Curve, signature: bytes) -> tuple[int, int]:
    reader = Reader(signature)
    frame = reader.enter(SEQUENCE)
    r, s = (_number(curve, reader.content(reader.take(INTEGER))) for _ in range(2))
    reader.leave(frame)
    return r, s


def _number(curve: Curve, content: bytes) -> int:
    if len(content) == curve.padded_size + 1:
        content = content.removeprefix(b"\0")
    if not 0 < len(content) <= curve.padded_size:
        raise Rejected("signature", "a number of the signature has a wrong length", EINVAL)
    return int.from_bytes(content, "big")
