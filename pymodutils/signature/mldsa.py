"""ML-DSA signatures without a context, with the kernel's checks; FIPS 204, algorithms 3 and 8."""

from __future__ import annotations

from errno import EBADMSG, EINVAL, EKEYREJECTED
from functools import cache, lru_cache
from hashlib import shake_128, shake_256
from operator import add, mul, sub
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.signature.rejected import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Q: Final = 8380417
N: Final = 256  # coefficients of a polynomial
D: Final = 13  # bits of t that are not in the public key
ROOT: Final = 1753  # of unity, the 512th
SEED: Final = 32  # bytes
T1_BITS: Final = 10

Poly = list[int]


class ParameterSet(NamedTuple):
    """A parameter set of table 1."""

    k: int
    l: int  # noqa: E741 -- the standard's name
    tau: int
    commitment: int  # bytes of the hash c~
    gamma1: int
    gamma2: int
    beta: int
    omega: int

    @property
    def z_bits(self) -> int:
        """Bits of a coefficient of z."""
        return 1 + (self.gamma1 - 1).bit_length()

    @property
    def key(self) -> int:
        """Bytes of a public key."""
        return SEED + self.k * N * T1_BITS // 8

    @property
    def signature(self) -> int:
        """Bytes of a signature."""
        return self.commitment + self.l * N * self.z_bits // 8 + self.omega + self.k


SETS: Final = {
    "mldsa44": ParameterSet(4, 4, 39, 32, 1 << 17, (Q - 1) // 88, 78, 80),
    "mldsa65": ParameterSet(6, 5, 49, 48, 1 << 19, (Q - 1) // 32, 196, 55),
    "mldsa87": ParameterSet(8, 7, 60, 64, 1 << 19, (Q - 1) // 32, 120, 75),
}


def verify(kind: str, key: bytes, data: bytes, signature: bytes) -> None:
    """Raise Rejected unless ``signature`` is that of ``data`` under the public ``key`` of ``kind``."""
    of = SETS[kind]
    if len(key) != of.key:
        raise _rejected(EINVAL, "the key is not of its size")
    if len(signature) != of.signature:
        raise _rejected(EBADMSG, "the signature does not fit the key")
    commitment, rest = signature[: of.commitment], signature[of.commitment :]
    z, hints = _z(of, rest[: -of.omega - of.k]), _hints(of, rest[-of.omega - of.k :])
    mu = shake_256(shake_256(key).digest(64) + b"\0\0" + data).digest(64)
    w1 = b"".join(_commitments(of, key, _challenge(commitment, of.tau), z, hints))
    if shake_256(mu + w1).digest(of.commitment) != commitment:
        raise _rejected(EKEYREJECTED, "the signature is not that of the data")


def _z(of: ParameterSet, raw: bytes) -> list[Poly]:
    """The vector z in the domain of ``_ntt``."""
    values = [of.gamma1 - value for value in _unpacked(raw, of.z_bits)]
    if max(map(abs, values)) >= of.gamma1 - of.beta:
        raise _rejected(EBADMSG, "the signature is larger than one may be")
    return [_ntt(values[at : at + N]) for at in range(0, len(values), N)]


def _hints(of: ParameterSet, raw: bytes) -> list[set[int]]:
    """The coefficients of each row that have a hint; algorithm 21."""
    found, at = [], 0
    for end in raw[of.omega :]:
        row = raw[at:end]
        if not at <= end <= of.omega or any(row[i - 1] >= row[i] for i in range(1, len(row))):
            raise _rejected(EBADMSG, "the hints of the signature are damaged")
        found.append(set(row))
        at = end
    if any(raw[at : of.omega]):
        raise _rejected(EBADMSG, "the hints of the signature are damaged")
    return found


def _challenge(commitment: bytes, tau: int) -> Poly:
    """The polynomial c in the domain of ``_ntt``; algorithm 29."""
    stream = iter(shake_256(commitment).digest(8 + 4 * N))
    signs = int.from_bytes(bytes(next(stream) for _ in range(8)), "little")
    c = [0] * N
    for i in range(N - tau, N):
        j = next(byte for byte in stream if byte <= i)
        c[i], c[j] = c[j], 1 - 2 * (signs & 1)
        signs >>= 1
    return _ntt(c)


def _commitments(
    of: ParameterSet, key: bytes, c: Poly, z: list[Poly], hints: list[set[int]]
) -> Iterable[bytes]:
    """Each row of w1, encoded."""
    t1 = [value << D for value in _unpacked(key[SEED:], T1_BITS)]
    bits = ((Q - 1) // (2 * of.gamma2) - 1).bit_length()
    for i, hint in enumerate(hints):
        total = list(map(mul, c, _ntt(t1[i * N : (i + 1) * N])))
        row = [-value for value in total]
        for j, column in enumerate(z):
            row = list(map(add, row, map(mul, _matrix(key[:SEED], i, j), column)))
        w = _inverse(row)
        yield _packed([_use_hint(value, at in hint, of.gamma2) for at, value in enumerate(w)], bits)


def _use_hint(value: int, hint: bool, gamma2: int) -> int:
    """The high bits of ``value``, adjusted by one for a ``hint``; algorithms 36 and 40."""
    m = (Q - 1) // (2 * gamma2)
    low = value % (2 * gamma2)
    low -= 2 * gamma2 if low > gamma2 else 0
    high = 0 if value - low == Q - 1 else (value - low) // (2 * gamma2)
    if value - low == Q - 1:
        low -= 1
    return (high + (1 if low > 0 else -1)) % m if hint else high


@lru_cache(maxsize=128)
def _matrix(rho: bytes, i: int, j: int) -> Poly:
    """The polynomial in row ``i``, column ``j`` of A; algorithm 30."""
    raw = shake_128(rho + bytes((j, i))).digest(3 * 512)
    values = (int.from_bytes(raw[at : at + 3], "little") & 0x7F_FFFF for at in range(0, len(raw), 3))
    return [value for value in values if value < Q][:N]


@cache
def _zetas() -> list[int]:
    return [pow(ROOT, int(f"{at:08b}"[::-1], 2), Q) for at in range(N)]


def _ntt(w: Sequence[int]) -> Poly:
    """The number-theoretic transform of ``w``; algorithm 41."""
    w, m = list(w), 0
    length = N // 2
    while length:
        for start in range(0, N, 2 * length):
            m += 1
            low, high = w[start : start + length], w[start + length : start + 2 * length]
            zeta = _zetas()[m]
            turned = [zeta * value % Q for value in high]
            w[start : start + 2 * length] = [*map(add, low, turned), *map(sub, low, turned)]
        length //= 2
    return [value % Q for value in w]


def _inverse(w: Sequence[int]) -> Poly:
    """The inverse of ``_ntt``; algorithm 42."""
    w, m = [value % Q for value in w], N
    length = 1
    while length < N:
        for start in range(0, N, 2 * length):
            m -= 1
            low, high = w[start : start + length], w[start + length : start + 2 * length]
            zeta = -_zetas()[m]
            turned = [zeta * value % Q for value in map(sub, low, high)]
            w[start : start + 2 * length] = [*map(add, low, high), *turned]
        length *= 2
    scale = pow(N, -1, Q)
    return [value * scale % Q for value in w]


def _unpacked(raw: bytes, bits: int) -> list[int]:
    """Numbers of ``bits`` each, the lowest bits first."""
    whole, mask = int.from_bytes(raw, "little"), (1 << bits) - 1
    text = f"{whole:0{len(raw) * 8}b}"
    return [int(text[at - bits : at], 2) & mask for at in range(len(text), 0, -bits)]


def _packed(values: Sequence[int], bits: int) -> bytes:
    """The inverse of ``_unpacked``."""
    text = "".join(f"{value:0{bits}b}" for value in reversed(values))
    return int(text, 2).to_bytes(len(text) // 8, "little")


def _rejected(errno: int, why: str) -> Rejected:
    return Rejected("signature", why, errno)
