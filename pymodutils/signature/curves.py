"""The NIST curves, and sums of multiples of their points; FIPS 186-4, appendix D."""

from __future__ import annotations

from typing import Final, NamedTuple

DIGIT: Final = 8  # bytes in which the kernel counts

Point = tuple[int, int]
Projective = tuple[int, int, int]  # (x, y, z) is the point (x/z², y/z³); z = 0: at infinity
INFINITY: Final = (1, 1, 0)


class Curve(NamedTuple):
    """y² = x³ - 3x + b over the field of ``p``, with the base point ``g`` of order ``n``."""

    size: int  # bytes of a coordinate
    p: int
    b: int
    g: tuple[int, int]
    n: int

    @property
    def padded_size(self) -> int:
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


def sum_of_multiples(curve: Curve, a: int, one: Point, b: int, other: Point) -> Point | None:
    """``a * one + b * other``; None at infinity. By Shamir's trick: both factors at once, bit by bit."""
    both = _affine(curve, _add(curve, (*one, 1), other))
    total = INFINITY
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        total = _double(curve, total)
        chosen = (None, one, other, both)[(a >> bit & 1) + 2 * (b >> bit & 1)]
        if chosen:
            total = _add(curve, total, chosen)
    return _affine(curve, total)


def _double(curve: Curve, point: Projective) -> Projective:
    p, (x, y, z) = curve.p, point
    square = y * y % p
    shared = 4 * x * square % p
    slope = 3 * (x - z * z) * (x + z * z) % p
    double = (slope * slope - 2 * shared) % p
    return double, (slope * (shared - double) - 8 * square * square) % p, 2 * y * z % p


def _add(curve: Curve, point: Projective, other: Point) -> Projective:
    p, (x, y, z) = curve.p, point
    if not z:
        return (*other, 1)
    square = z * z % p
    run = (other[0] * square - x) % p
    rise = (other[1] * square * z - y) % p
    if not run:
        return INFINITY if rise else _double(curve, point)
    squared = run * run % p
    cubed, shared = squared * run % p, x * squared % p
    total = (rise * rise - cubed - 2 * shared) % p
    return total, (rise * (shared - total) - y * cubed) % p, z * run % p


def _affine(curve: Curve, point: Projective) -> Point | None:
    x, y, z = point
    if not z:
        return None
    inverse = pow(z, -1, curve.p)
    square = inverse * inverse
    return x * square % curve.p, y * square * inverse % curve.p
