"""Hand-made PKCS#7 messages with real signatures."""

from __future__ import annotations

from tests.elf.made import MAGIC, oid, sequence, value
from tests.oracles.openssl import Identity

SIGNED_DATA, DATA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"
INDIRECT = "1.3.6.1.4.1.311.2.1.4"
RSA, ECDSA_SHA256 = "1.2.840.113549.1.1.1", "1.2.840.10045.4.3.2"
CONTENT_TYPE, DIGEST, TIME = (f"1.2.840.113549.1.9.{number}" for number in (3, 4, 5))
SMIME, OPUS, STATEMENT = "1.2.840.113549.1.9.15", "1.3.6.1.4.1.311.2.1.12", "1.3.6.1.4.1.311.2.1.11"
HASHES = {
    "md4": "1.2.840.113549.2.4",
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha3-256": "2.16.840.1.101.3.4.2.8",
    "sm3": "1.2.156.10197.1.401",
    "streebog256": "1.2.643.7.1.1.2.2",
    "streebog512": "1.2.643.7.1.1.2.3",
}
NULL = value(5)


def algorithm(dotted: str, parameters: bytes = NULL) -> bytes:
    return sequence(oid(dotted), parameters)


def integer(number: int) -> bytes:
    return value(2, bytes([number]))


def by_serial(who: Identity) -> bytes:
    """The field that names a signer by its certificate."""
    return sequence(who.issuer, value(2, who.serial))


def attribute(kind: str, *values: bytes) -> bytes:
    return sequence(oid(kind), value(0x31, *values))


def signer(
    sid: bytes,
    signature: bytes,
    *,
    version: bytes = integer(1),
    digest: bytes = algorithm(HASHES["sha256"]),
    attributes: bytes = b"",
    kind: bytes = algorithm(RSA),
    behind: bytes = b"",
    tag: int = 0x30,
    octets: int = 4,
) -> bytes:
    """A SignerInfo."""
    return value(tag, version, sid, digest, attributes, kind, value(octets, signature), behind)


def message(
    *signers: bytes,
    version: bytes = integer(1),
    outer: bytes = oid(SIGNED_DATA),
    digests: bytes = value(0x31, algorithm(HASHES["sha256"])),
    content: bytes = sequence(oid(DATA)),
    certificates: bytes = b"",
    revoked: bytes = b"",
    signer_tag: int = 0x31,
    behind: bytes = b"",
) -> bytes:
    """A SignedData in its wrapping."""
    infos = value(signer_tag, *signers) if signers else b""
    signed = sequence(version, digests, content, certificates, revoked, infos)
    return sequence(outer, value(0xA0, signed)) + behind


def certificates(*owners: Identity, tag: int = 0xA0) -> bytes:
    return value(tag, *(owner.der for owner in owners))


def appended(
    blob: bytes, record: bytes = bytes([0, 0, 2, 0, 0, 0, 0, 0]), length: int | None = None
) -> bytes:
    """``blob`` as appended by sign-file, with ``length`` as its size."""
    size = len(blob) if length is None else length
    return blob + record + size.to_bytes(4, "big") + MAGIC


def endless(whole: bytes) -> bytes:
    """The DER value ``whole`` with an indefinite length."""
    size = whole[1]
    start = 2 if size < 128 else 2 + size - 128
    return whole[:1] + b"\x80" + whole[start:] + b"\0\0"
