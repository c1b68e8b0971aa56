"""RSA signatures with PKCS#1 v1.5 padding, with the kernel's checks; crypto/rsa-pkcs1pad.c."""

from __future__ import annotations

from errno import EBADMSG, EINVAL, EKEYREJECTED, ENOENT, ENOMEM
from functools import lru_cache
from typing import Final

from pymodutils.signature.ber import INTEGER, SEQUENCE, Reader
from pymodutils.signature.rejected import Rejected

PREFIXES: Final = {  # the prefix of a signed digest: RFC 8017, 9.2
    "md5": "3020300c06082a864886f70d020505000410",
    "sha1": "3021300906052b0e03021a05000414",
    "sha224": "302d300d06096086480165030402040500041c",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
    "sha3-256": "3031300d060960864801650304020805000420",
    "sha3-384": "3041300d060960864801650304020905000430",
    "sha3-512": "3051300d060960864801650304020a05000440",
}
SIZES: Final = (64, 128, 192, 256, 384, 512)  # bytes of a modulus
LARGEST: Final = 2048  # bytes of any number
LIMB: Final = 8  # bytes; a modulus is a multiple
CONSERVATIVE_SINCE: Final = (6, 6)  # a signature is neither 0, 1 nor the modulus less 1; SP 800-56B, 7.1.1
FILLING: Final = 8  # minimum number of 0xff bytes


def verify(key: bytes, name: str, digest: bytes, signature: bytes, release: tuple[int, ...]) -> None:
    """Raise Rejected unless ``signature`` is that of ``digest``, made by the hash ``name``, under ``key``."""
    if name not in PREFIXES:
        raise _rejected(ENOENT, f"RSA is not used with {name}")
    modulus, exponent, size = _key(key)
    value = int.from_bytes(signature, "big")
    least, most = (2, modulus - 1) if release >= CONSERVATIVE_SINCE else (0, modulus)
    if not digest or len(signature) != size or not least <= value < most:
        raise _rejected(EINVAL, "the signature does not fit the key")
    block = pow(value, exponent, modulus).to_bytes(size, "big")
    if _unpadded(block, bytes.fromhex(PREFIXES[name])) != digest:
        raise _rejected(EKEYREJECTED, "the signature is not that of the data")


@lru_cache(maxsize=8)
def _key(key: bytes) -> tuple[int, int, int]:
    """Modulus, exponent, and size of the modulus in bytes."""
    reader = Reader(key)
    frame = reader.enter(SEQUENCE)
    modulus = reader.content(reader.take(INTEGER))
    if not modulus:
        raise _rejected(EINVAL, "the key has no modulus")
    exponent = reader.content(reader.take(INTEGER))
    if not 0 < len(exponent) <= len(modulus):
        raise _rejected(EINVAL, "the exponent is longer than the modulus")
    reader.leave(frame)
    if max(len(exponent.lstrip(b"\0")), len(modulus.lstrip(b"\0"))) > LARGEST:
        raise _rejected(ENOMEM, "a number of the key is too large")
    size = -(-len(modulus.lstrip(b"\0")) // LIMB) * LIMB
    if size not in SIZES:
        raise _rejected(EINVAL, f"no key has {size * 8} bits")
    return int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"), size


def _unpadded(block: bytes, prefix: bytes) -> bytes:
    if block[0]:
        raise _rejected(EINVAL, "the padding does not start with a zero")
    filling, zero, rest = block[1:].partition(b"\0")
    if filling[:1] != b"\1" or len(filling) <= FILLING or filling.strip(b"\xff") != b"\1" or not zero:
        raise _rejected(EBADMSG, "the padding is damaged")
    if not rest.startswith(prefix):
        raise _rejected(EBADMSG, "the signature is of another hash")
    return rest.removeprefix(prefix)


def _rejected(errno: int, why: str) -> Rejected:
    return Rejected("signature", why, errno)
