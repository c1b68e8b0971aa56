"""What a kernel can compute: names of hashes and kinds of keys, and the digests themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.signature.oids import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

OF_SWITCH: Final = {  # configuration option -> what it lets the kernel compute
    "CRYPTO_MD4": ("md4",),
    "CRYPTO_MD5": ("md5",),
    "CRYPTO_SHA1": ("sha1",),
    "CRYPTO_SHA512": ("sha384", "sha512"),
    "CRYPTO_SM3_GENERIC": ("sm3",),
    "CRYPTO_STREEBOG": ("streebog256", "streebog512"),
    "CRYPTO_ECDSA": ("ecdsa",),
}
ALWAYS: Final = frozenset({"rsa", "sha224", "sha256"})  # the first two selected by what reads signatures
EVERYTHING: Final = ALWAYS.union(*OF_SWITCH.values())
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
        ("1.2.156.10197.1.401", "sm3"),
        ("1.2.643.7.1.1.2.2", "streebog256"),
        ("1.2.643.7.1.1.2.3", "streebog512"),
    )
}


def computable(on: Callable[[str], bool]) -> frozenset[str]:
    """The hashes and kinds of keys that a kernel with the configuration ``on`` has."""
    return ALWAYS.union(*(names for switch, names in OF_SWITCH.items() if on(switch)))


def digest(name: str, data: bytes) -> bytes:
    """The digest ``name`` of ``data``; nothing for those that no kind of key here is used with."""
    import hashlib  # noqa: PLC0415 -- it loads OpenSSL, which most loads need not wait for

    if name not in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
        return b""
    return hashlib.new(name, data, usedforsecurity=False).digest()
