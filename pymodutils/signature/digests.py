"""Algorithms that a kernel supports: hashes and key types, and the digests themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.signature.names import NO_HASH
from pymodutils.signature.oids import encoded, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

WAIVES: Final = "mldsa over attributes"
OF_SWITCH: Final = {  # configuration option -> algorithms that it enables
    "CRYPTO_MD4": ("md4",),
    "CRYPTO_MD5": ("md5",),
    "CRYPTO_SHA1": ("sha1",),
    "CRYPTO_SHA512": ("sha384", "sha512"),
    "CRYPTO_SHA3": ("sha3-256", "sha3-384", "sha3-512"),
    "CRYPTO_SM3_GENERIC": ("sm3",),
    "CRYPTO_STREEBOG": ("streebog256", "streebog512"),
    "CRYPTO_ECDSA": ("ecdsa",),
    "CRYPTO_MLDSA": ("mldsa44", "mldsa65", "mldsa87"),
    "PKCS7_WAIVE_AUTHATTRS_REJECTION_FOR_MLDSA": (WAIVES,),
}
ALWAYS: Final = frozenset(
    {"rsa", "sha224", "sha256"}
)  # the first two are selected by MODULE_SIG_FORMAT's users
HASHES: Final = {  # content of the object identifier -> the kernel's name
    encoded(oid): name
    for oid, name in (
        ("1.2.840.113549.2.4", "md4"),
        ("1.2.840.113549.2.5", "md5"),
        ("1.3.14.3.2.26", "sha1"),
        ("2.16.840.1.101.3.4.2.1", "sha256"),
        ("2.16.840.1.101.3.4.2.2", "sha384"),
        ("2.16.840.1.101.3.4.2.3", "sha512"),
        ("2.16.840.1.101.3.4.2.4", "sha224"),
        ("2.16.840.1.101.3.4.2.8", "sha3-256"),
        ("2.16.840.1.101.3.4.2.9", "sha3-384"),
        ("2.16.840.1.101.3.4.2.10", "sha3-512"),
        ("1.2.156.10197.1.401", "sm3"),
        ("1.2.643.7.1.1.2.2", "streebog256"),
        ("1.2.643.7.1.1.2.3", "streebog512"),
    )
}


class Crypto(NamedTuple):
    """The algorithms of a kernel, and the object identifiers that it knows."""

    names: frozenset[str]  # hashes and key types
    release: tuple[int, ...]

    def known(self, oid: bytes) -> bytes:
        """``oid``, or b"" if unknown to the kernel; lib/oid_registry.c: look_up_OID."""
        return oid if oid in numbers(self.release) else b""

    def number(self, oid: bytes) -> int:
        """The kernel's number of ``oid``; the number after the last one if unknown."""
        known = numbers(self.release)
        return known.get(oid, len(known))


EVERYTHING: Final = Crypto(ALWAYS.union(*OF_SWITCH.values()), (1 << 15, 0))


def computable(on: Callable[[str], bool], release: tuple[int, ...]) -> Crypto:
    """The algorithms of a kernel of ``release`` with the configuration ``on``."""
    return Crypto(ALWAYS.union(*(names for switch, names in OF_SWITCH.items() if on(switch))), release)


COMPUTED: Final = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512")


def digest(name: str, data: bytes | memoryview) -> bytes:
    """The digest ``name`` of ``data``; empty for those not used with any key type here."""
    import hashlib  # noqa: PLC0415 -- loads OpenSSL, rarely needed

    if name == NO_HASH:
        return bytes(data)
    if name not in COMPUTED:
        return b""
    return hashlib.new(name.replace("-", "_"), data, usedforsecurity=False).digest()
