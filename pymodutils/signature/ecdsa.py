"""ECDSA signatures on the NIST curves, with the kernel's checks; crypto/ecdsa.c, FIPS 186-4."""

from __future__ import annotations

from errno import EBADMSG, EINVAL, EKEYREJECTED
from typing import Final, NamedTuple

from pymodutils.signature.ber import INTEGER, SEQUENCE, Reader
from pymodutils.signature.rejected import Rejected

UNCOMPRESSED: Final = 4
DIGIT: Final = 8  # bytes in which the kernel counts
ROUNDED_SINCE: Final = (6, 10)  # coordinates may be shorter, by less than a digit

Point = tuple[int, int] | None  # None: at infinity


class Curve(NamedTuple):
    """y² = x³ - 3x + b over the field of ``p``, with the base point ``g`` of order ``n``."""

    size: int  # bytes of a coordinate
    p: int
    b: int
    g: tuple[int, int]
    n: int

    @property
    def room(self) -> int:
        """Bytes of a number in whole digits."""
        return -(-self.size // DIGIT) * DIGIT


CURVES: Final = {
    "ecdsa-nist-p192": Curve(
        24,
        2**192 - 2**64 - 1,
        0x64210519E59C80E70FA7E9AB72243049FEB8DEECC146B9B1,
        (
            0x188DA80EB03090F67CBF20EB43A18800F4FF0AFD82FF1012,
            0x07192B95FFC8DA78631011ED6B24CDD573F977A11E794811,
        ),
        0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831,
    ),
    "ecdsa-nist-p256": Curve(
        32,
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        (
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    ),
    "ecdsa-nist-p384": Curve(
        48,
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        int(
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
            "c656398d8a2ed19d2a85c8edd3ec2aef",
            16,
        ),
        (
            int(
                "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
                "5502f25dbf55296c3a545e3872760ab7",
                16,
            ),
            int(
                "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
                "0a60b1ce1d7e819d7a431d7c90ea0e5f",
                16,
            ),
        ),
        int(
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
            "581a0db248b0a77aecec196accc52973",
            16,
        ),
    ),
    "ecdsa-nist-p521": Curve(
        66,
        2**521 - 1,
        int(
            "051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef10"
            "9e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503"
            "f00",
            16,
        ),
        (
            int(
                "0c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3"
                "dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5b"
                "d66",
                16,
            ),
            int(
                "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e6"
                "62c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16"
                "650",
                16,
            ),
        ),
        int(
            "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
            "ffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386"
            "409",
            16,
        ),
    ),
}


def verify(curve: str, key: bytes, digest: bytes, signature: bytes, release: tuple[int, ...]) -> None:
    """Raise Rejected unless ``signature`` is that of ``digest`` under the point ``key`` of ``curve``."""
    found = CURVES[curve]
    public = _public(found, key, release)
    r, s = _numbers(found, signature)
    if not (0 < r < found.n and 0 < s < found.n):
        raise Rejected("signature", "a number of the signature is out of range", EBADMSG)
    inverse = pow(s, -1, found.n)
    hashed = int.from_bytes(digest[: found.room], "big")
    left = _times(found, hashed * inverse % found.n, found.g)
    point = _add(found, left, _times(found, r * inverse % found.n, public))
    if point is None or point[0] % found.n != r:
        raise Rejected("signature", "the signature is not that of the data", EKEYREJECTED)


def _public(curve: Curve, key: bytes, release: tuple[int, ...]) -> tuple[int, int]:
    size = len(key) - 1 >> 1
    if release >= ROUNDED_SINCE:
        fits = len(key) % 2 == 1 and curve.room - DIGIT < size <= curve.room
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
    if len(content) == curve.room + 1:
        content = content.removeprefix(b"\0")
    if not 0 < len(content) <= curve.room:
        raise Rejected("signature", "a number of the signature has a wrong length", EINVAL)
    return int.from_bytes(content, "big")


def _times(curve: Curve, factor: int, point: Point) -> Point:
    total: Point = None
    while factor:
        if factor & 1:
            total = _add(curve, total, point)
        point, factor = _add(curve, point, point), factor >> 1
    return total


def _add(curve: Curve, one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % curve.p == 0:
        return None
    if one == other:
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, curve.p)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, curve.p)
    x = (slope * slope - one[0] - other[0]) % curve.p
    return x, (slope * (one[0] - x) - one[1]) % curve.p
