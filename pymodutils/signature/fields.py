"""Signature fields for modinfo: signer, sig_key, sig_hashalgo; nothing is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.signature import appended
from pymodutils.signature.ber import (
    CONSTRUCTED,
    CONTEXT,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    UTF8_STRING,
)
from pymodutils.signature.openssl_reader import OpensslReader
from pymodutils.signature.rejected import Rejected

if TYPE_CHECKING:
    from pymodutils.signature.appended import SeekableFile

ALGORITHMS: Final = 2  # DSA, RSA: the only ones in the record; PKCS#7 leaves the field 0
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


class Signature(NamedTuple):
    """Signer, key, and the signature itself."""

    kind: str
    signer: str
    key: bytes  # the key's identifier; the certificate's serial number for PKCS#7
    hashalgo: str
    value: bytes


class CertificateName(NamedTuple):
    """Subject, issuer and serial number of an X.509 certificate."""

    subject: str
    issuer: str
    serial: bytes


def find(file: SeekableFile) -> Signature | None:
    """Return the signature at the end of ``file``; None without one or if it is malformed."""
    found = appended.find(file)
    if found is None:
        return None
    record = found.record
    known = record.algo < ALGORITHMS and record.hash < len(HASHES) and record.id_type < len(KINDS)
    if not known or not record.sig_len:
        return None
    if record.id_type == appended.PKCS7:
        return pkcs7(found.value)
    return Signature(KINDS[record.id_type], _text(found.signer), found.key, HASHES[record.hash], found.value)


class SignerFields(NamedTuple):
    """A PKCS#7 message with its signature in bytes ``start`` to ``end``, and its other fields."""

    start: int
    end: int
    before: bytes
    after: bytes
    signer: str
    key: bytes
    hashalgo: str

    def fits(self, blob: bytes) -> bool:
        """Whether ``blob`` differs only in the signature, so that the other fields apply to it too."""
        same = blob[: self.start] == self.before and blob[self.end :] == self.after
        return same and len(blob) - self.end == len(self.after)


_last: list[SignerFields] = []  # of the previous module: a kernel build signs all modules alike


def pkcs7(blob: bytes) -> Signature | None:
    """Return the first signer of a PKCS#7 SignedData (RFC 2315); None if it is malformed."""
    if not _last or not _last[0].fits(blob):
        try:
            _last[:] = [_shape(blob)]
        except Rejected:
            return None
    start, end, _, _, signer, key, hashalgo = _last[0]
    return Signature("PKCS#7", signer, key, hashalgo, blob[start:end])


def certificate(blob: bytes) -> CertificateName | None:
    """Return the certificate ``blob`` (DER); None if it is malformed."""
    try:
        tbs = OpensslReader(blob).within(SEQUENCE).within(SEQUENCE)
        tbs.maybe(CONTEXT | CONSTRUCTED)  # version
        serial = _magnitude(tbs.content(tbs.take(INTEGER)))
        tbs.take(SEQUENCE)  # signature algorithm
        issuer = _common_name(tbs.within(SEQUENCE))
        tbs.take(SEQUENCE)  # validity
        return CertificateName(_common_name(tbs.within(SEQUENCE)), issuer, serial)
    except Rejected:
        return None


def _shape(blob: bytes) -> SignerFields:
    info = _signers(blob).within(SEQUENCE)
    info.take(INTEGER)  # version
    signer = info.within(SEQUENCE)
    issuer, serial = signer.within(SEQUENCE), signer.content(signer.take(INTEGER))
    algorithm = info.within(SEQUENCE)
    digest = algorithm.content(algorithm.take(OID))
    info.maybe(CONTEXT | CONSTRUCTED)  # authenticated attributes
    info.take(SEQUENCE)  # signature algorithm
    value = info.take(OCTET_STRING)
    named = (_common_name(issuer), _magnitude(serial), _digest(digest))
    return SignerFields(value.start, value.end, blob[: value.start], blob[value.end :], *named)


def _signers(blob: bytes) -> OpensslReader:
    message = OpensslReader(blob).within(SEQUENCE)
    if message.content(message.take(OID)) != SIGNED_DATA:
        raise _malformed("the message is no SignedData")
    signed = message.within(CONTEXT | CONSTRUCTED).within(SEQUENCE)
    signed.take(INTEGER)  # version
    signed.take(SET)  # digest algorithms
    signed.take(SEQUENCE)  # content, which is detached
    signed.maybe(CONTEXT | CONSTRUCTED)  # certificates
    signed.maybe(CONTEXT | CONSTRUCTED | 1)  # revocation lists
    return signed.within(SET)


def _common_name(names: OpensslReader) -> str:
    """Return the common name in an X.501 name, or else its last attribute; "" for an empty name."""
    last = b""
    while names.more:
        attributes = names.within(SET)
        while attributes.more:
            attribute = attributes.within(SEQUENCE)
            kind = attribute.content(attribute.take(OID))
            last = _string(attribute)
            if kind == COMMON_NAME:
                return _text(last)
    return _text(last)


def _string(attribute: OpensslReader) -> bytes:
    value = attribute.any()
    content = attribute.content(value)
    if value.tag == INTEGER:
        raise _malformed("a name is an INTEGER")
    if value.tag == UTF8_STRING:
        try:
            content.decode()
        except UnicodeDecodeError:
            raise _malformed("a name is not UTF-8") from None
    return content


def _digest(oid: bytes) -> str:
    name = _dotted(oid)
    return DIGESTS.get(name, name)


def _dotted(oid: bytes) -> str:
    """Return the content of an object identifier in dotted notation."""
    if not oid or oid[-1] & 0x80:
        raise _malformed("an object identifier ends early")
    arcs, arc = [], 0
    for byte in oid:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, [top, arcs[0] - 40 * top, *arcs[1:]]))


def _magnitude(integer: bytes) -> bytes:
    """Return the absolute value of an INTEGER's content, b"" for 0; refuse a non-minimal encoding."""
    value = int.from_bytes(integer, "big", signed=True)
    shortest = (value + (value < 0)).bit_length() // 8 + 1
    if len(integer) != shortest:
        raise _malformed("an INTEGER is not minimal")
    return abs(value).to_bytes((abs(value).bit_length() + 7) // 8, "big")


def _malformed(why: str) -> Rejected:
    return Rejected("signature", why)


def _text(name: bytes) -> str:
    """Decode ``name`` up to its first NUL."""
    return name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
