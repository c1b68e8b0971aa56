"""The signature that scripts/sign-file appends to a module, as modinfo shows it.

The file ends with: signer name, key identifier, signature, a record of 12 bytes, a magic line;
include/linux/module_signature.h. Only the structure is read here, nothing is verified.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple, Protocol

from pymodutils.elf import der

MAGIC: Final = b"~Module signature appended~\n"
RECORD: Final = Struct(">5B3xI")  # algorithm, hash, kind, length of signer, of key, of signature
END: Final = RECORD.size + len(MAGIC)
GUESS: Final = 1024  # bytes at the end of a file that hold most signatures whole

ALGORITHMS: Final = 2  # DSA, RSA: the record knows no others, and PKCS#7 leaves the field 0
KINDS: Final = ("PGP", "X509", "PKCS#7")
HASHES: Final = ("md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224", "sm3")

SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
COMMON_NAME: Final = bytes.fromhex("550403")
DIGESTS: Final = {  # OpenSSL's long names
    "1.2.840.113549.2.2": "md2",
    "1.2.840.113549.2.4": "md4",
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "1.3.36.3.2.1": "ripemd160",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.5": "sha512-224",
    "2.16.840.1.101.3.4.2.6": "sha512-256",
    "2.16.840.1.101.3.4.2.7": "sha3-224",
    "2.16.840.1.101.3.4.2.8": "sha3-256",
    "2.16.840.1.101.3.4.2.9": "sha3-384",
    "2.16.840.1.101.3.4.2.10": "sha3-512",
    "1.2.156.10197.1.401": "sm3",
    "1.2.643.7.1.1.2.2": "GOST R 34.11-2012 with 256 bit hash",
    "1.2.643.7.1.1.2.3": "GOST R 34.11-2012 with 512 bit hash",
}


class File(Protocol):
    """What a signature is looked for in: a file of ``size`` bytes that can be read at any offset."""

    size: int

    def read(self, offset: int, size: int, /) -> bytes:
        """``size`` bytes at ``offset``."""
        ...


class Signature(NamedTuple):
    """Who signed, with which key, and the signature itself."""

    kind: str
    signer: str
    key: bytes  # the key's identifier; the certificate's serial number for PKCS#7
    hashalgo: str
    value: bytes


def find(file: File) -> Signature | None:
    """The signature at the end of ``file``; None if there is none, or one that makes no sense."""
    if file.size < END:
        return None
    guess = min(GUESS, file.size)
    tail = file.read(file.size - guess, guess)
    if not tail.endswith(MAGIC):
        return None
    algorithm, hashed, kind, signer, key, length = RECORD.unpack_from(tail, len(tail) - END)
    if algorithm >= ALGORITHMS or hashed >= len(HASHES) or kind >= len(KINDS) or not length:
        return None
    whole = signer + key + length
    if whole + END > file.size:
        return None
    if whole + END > guess:
        tail = file.read(file.size - END - whole, whole + END)
    fields = tail[-END - whole : -END]
    if KINDS[kind] == "PKCS#7":
        return pkcs7(fields[signer + key :])
    named, identifier, value = fields[:signer], fields[signer : signer + key], fields[signer + key :]
    return Signature(KINDS[kind], _text(named), identifier, HASHES[hashed], value)


class Shape(NamedTuple):
    """A PKCS#7 message whose signature is bytes ``start`` to ``end``, and what all around that says."""

    start: int
    end: int
    before: bytes
    behind: bytes
    signer: str
    key: bytes
    hashalgo: str

    def fits(self, blob: bytes) -> bool:
        """Whether ``blob`` differs in nothing but the signature, so that all else holds for it too."""
        same = blob[: self.start] == self.before and blob[self.end :] == self.behind
        return same and len(blob) - self.end == len(self.behind)


_last: list[Shape] = []  # the one of the module before: a kernel's build signs them all alike


def pkcs7(blob: bytes) -> Signature | None:
    """What a PKCS#7 SignedData (RFC 2315) says of its first signer; None if it is damaged."""
    if not _last or not _last[0].fits(blob):
        try:
            _last[:] = [_shape(blob)]
        except der.Damaged:
            return None
    start, end, _, _, signer, key, hashalgo = _last[0]
    return Signature("PKCS#7", signer, key, hashalgo, blob[start:end])


def _shape(blob: bytes) -> Shape:
    info = _signers(blob).enter(der.SEQUENCE)
    info.take(der.INTEGER)  # version
    certificate = info.enter(der.SEQUENCE)
    issuer, serial = certificate.enter(der.SEQUENCE), certificate.take(der.INTEGER)
    digest = info.enter(der.SEQUENCE).take(der.OID)
    info.skip(der.CONTEXT_0)  # authenticated attributes
    info.take(der.SEQUENCE)  # the signature's algorithm
    start, end = info.place(der.OCTET_STRING)
    named = (common_name(issuer), der.magnitude(serial), _digest(digest))
    return Shape(start, end, blob[:start], blob[end:], *named)


def _signers(blob: bytes) -> der.Reader:
    message = der.Reader(blob).enter(der.SEQUENCE)
    if message.take(der.OID) != SIGNED_DATA:
        raise der.Damaged(0)
    signed = message.enter(der.CONTEXT_0).enter(der.SEQUENCE)
    signed.take(der.INTEGER)  # version
    signed.take(der.SET)  # every digest algorithm in use
    signed.take(der.SEQUENCE)  # the content, which stands before the signature
    signed.skip(der.CONTEXT_0)  # certificates
    signed.skip(der.CONTEXT_1)  # revocations
    return signed.enter(der.SET)


def common_name(names: der.Reader) -> str:
    """The common name in an X.501 name, else its last attribute; "" for an empty name."""
    last = b""
    while names.more:
        attributes = names.enter(der.SET)
        while attributes.more:
            attribute = attributes.enter(der.SEQUENCE)
            kind = attribute.take(der.OID)
            last = _string(*attribute.take_any())
            if kind == COMMON_NAME:
                return _text(last)
    return _text(last)


def _string(tag: int, content: bytes) -> bytes:
    if tag == der.INTEGER:
        raise der.Damaged(0)
    if tag == der.UTF8_STRING:
        try:
            content.decode()
        except UnicodeDecodeError:
            raise der.Damaged(0) from None
    return content


def _digest(oid: bytes) -> str:
    name = der.dotted(oid)
    return DIGESTS.get(name, name)


def _text(name: bytes) -> str:
    """``name`` as far as a C string reaches."""
    return name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
