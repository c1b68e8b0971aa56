"""Parse PKCS#7 messages like the kernel; crypto/asymmetric_keys/pkcs7_parser.c, RFC 2315 and 5652."""

from __future__ import annotations

from errno import EBADMSG, EINVAL, ENOPKG
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.signature import issuer, names, oids, x509
from pymodutils.signature.attributes import Attributes
from pymodutils.signature.ber import (
    CONSTRUCTED,
    CONTEXT,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    Reader,
)
from pymodutils.signature.digests import HASHES
from pymodutils.signature.rejected import PrintkLog, Rejected

if TYPE_CHECKING:
    from pymodutils.signature.digests import Crypto
    from pymodutils.signature.x509 import Certificate

VERSIONS: Final = (1, 3)  # PKCS#7, and CMS with signers identified by key


class Signer(NamedTuple):
    """A signature of a message, and its key."""

    id: bytes  # serial number and issuer of the certificate, or key identifier
    hashed: str
    kind: str  # rsa, ecdsa, sm2, ecrdsa
    value: bytes
    attributes: bytes  # the signed attributes, or empty if the data is signed
    digest: bytes  # digest of the data, by the attributes
    time: int | None


class Message(NamedTuple):
    """A SignedData."""

    data_type: bytes  # object identifier
    has_data: bool
    certificates: tuple[Certificate, ...]
    signers: tuple[Signer, ...]


def parse(data: bytes, crypto: Crypto, log: PrintkLog) -> Message:
    """The message ``data``; raises Rejected."""
    parser = _Parser(data, crypto, log)
    parser.message()
    attributes = {bool(signer.attributes) for signer in parser.signers}
    if len(attributes) != 1:
        log.reject(EINVAL, "PKCS7: Inconsistently supplied authAttrs")
    return Message(parser.data_type, parser.has_data, tuple(parser.certificates), tuple(parser.signers))


class _Parser:
    """The state of parsing a message."""

    def __init__(self, data: bytes, crypto: Crypto, log: PrintkLog) -> None:
        self.reader, self.crypto, self.log = Reader(data), crypto, log
        self.last = b""  # object identifier
        self.data_type = b""
        self.has_data = False
        self.version = 0
        self.certificates: list[Certificate] = []
        self.signers: list[Signer] = []
        self.by_key = False
        self.ids = {"serial": b"", "issuer": b"", "key": b""}  # kept from one signer to the next

    def message(self) -> None:
        """Parse the message."""
        reader = self.reader
        frame = reader.enter(SEQUENCE)
        self._oid()
        if self.last != names.SIGNED_DATA:
            self.log.reject(EINVAL, "PKCS7: Only support pkcs7_signedData type")
        content = reader.maybe_enter(CONTEXT | CONSTRUCTED)
        if content is not None:
            self._signed_data()
            reader.leave(content)
        reader.leave(frame)

    def _signed_data(self) -> None:
        reader = self.reader
        frame = reader.enter(SEQUENCE)
        self.version = self._version("SignedData")
        reader.either(SET, SEQUENCE, self._algorithm)
        reader.chosen()
        self._content()
        if not self._certificate_set():
            reader.inside(reader.otherwise_enter(CONTEXT | CONSTRUCTED | 2), self._certificate)
        found, self.certificates = self.certificates, []
        reader.either(CONTEXT | CONSTRUCTED | 1, CONTEXT | CONSTRUCTED | 3, self._revocations)
        self.certificates = found  # revocation lists are parsed as certificates and dropped
        reader.either(SET, SEQUENCE, self._signer)
        reader.chosen()
        reader.leave(frame)

    def _oid(self) -> bytes:
        oid = self.reader.content(self.reader.take(OID))
        self._note(oid, self.reader.at)
        return oid

    def _note(self, oid: bytes, end: int) -> None:
        self.last = self.crypto.known(oid)
        if not self.last:
            self.log.warning(f"PKCS7: Unknown OID: [{end - len(oid)}] {oids.shown(oid)}")

    def _version(self, what: str) -> int:
        content = self.reader.content(self.reader.take(INTEGER))
        if len(content) != 1 or content[0] not in VERSIONS:
            self.log.reject(EINVAL, f"PKCS7: Unsupported {what} version")
        return content[0]

    def _algorithm(self) -> None:
        frame = self.reader.enter(SEQUENCE)
        self._oid()
        self.reader.maybe_any()
        self.reader.leave(frame)

    def _content(self) -> None:
        """The signed data, which must be absent for a module."""
        frame = self.reader.enter(SEQUENCE)
        oid = self._oid()
        self._note(oid, self.reader.at)
        inner = self.reader.maybe_enter(CONTEXT | CONSTRUCTED)
        if inner is not None:
            self.reader.any()
            self.has_data = True
            self.reader.leave(inner)
        self.reader.leave(frame)
        if self.last not in (names.DATA, names.INDIRECT_DATA):
            self.log.reject(EINVAL, f"PKCS7: Unsupported data type {self.crypto.number(self.last)}")
        self.data_type = self.last

    def _certificate_set(self) -> bool:
        """The certificates in a SET, which may be empty, unlike a SEQUENCE."""
        frame = self.reader.maybe_enter(CONTEXT | CONSTRUCTED)
        if frame is None:
            return False
        if frame.indefinite or self.reader.at < self.reader.end:
            self.reader.each(frame, self._certificate)
        else:
            self.reader.leave(frame)
        self.reader.matched = True
        return True

    def _revocations(self) -> None:
        """A revocation list, which the kernel parses as a list of certificates."""
        self.reader.each(self.reader.enter(SEQUENCE), self._certificate)

    def _certificate(self) -> None:
        value = self.reader.any()
        if value.tag != SEQUENCE:
            raise Rejected("signature", "a certificate is not a sequence")
        self.certificates.append(x509.parse(self.reader.whole(value), self.crypto, self.log))

    def _signer(self) -> None:
        reader = self.reader
        frame = reader.enter(SEQUENCE)
        self._signer_version()
        self._identifier()
        self._algorithm()
        hashed = self._hash()
        attributes = Attributes(self.data_type, self.crypto, self.log)
        signed = self._attributes(attributes)
        self._algorithm()
        kind = self._kind()
        value = reader.content(reader.take(OCTET_STRING))
        reader.either(CONTEXT | CONSTRUCTED | 1, CONTEXT | CONSTRUCTED | 3, self._unsigned_attribute)
        reader.leave(frame)
        if self.data_type == names.INDIRECT_DATA and not signed:
            self.log.reject(EBADMSG, "PKCS7: Authenticode requires AuthAttrs")
        ident = self.ids["key"] if self.by_key else self.ids["serial"] + self.ids["issuer"]
        if kind in names.MLDSA.values() and not signed:
            hashed = names.NO_HASH
        self.signers.append(Signer(ident, hashed, kind, value, signed, attributes.digest, attributes.time))

    def _signer_version(self) -> None:
        version = self._version("SignerInfo")
        if (version == 1) != (self.version == 1):
            self.log.reject(EBADMSG, "PKCS7: SignedData-SignerInfo version mismatch")
        self.by_key = version != 1

    def _identifier(self) -> None:
        reader = self.reader
        frame = reader.maybe_enter(SEQUENCE)
        if frame is not None:
            self.ids["issuer"] = reader.content(issuer.name(reader, self._note_at))
            self.ids["serial"] = reader.content(reader.take(INTEGER))
            reader.leave(frame)
        else:
            key = reader.otherwise(CONTEXT)
            self.ids["key"] = reader.content(key) if key else self.ids["key"]
        reader.chosen()

    def _note_at(self, oid: bytes) -> None:
        self._note(oid, self.reader.at)

    def _hash(self) -> str:
        if self.last not in HASHES:
            self.log.reject(ENOPKG, f"Unsupported digest algo: {self.crypto.number(self.last)}")
        return HASHES[self.last]

    def _kind(self) -> str:
        kind = names.KEYS.get(self.last)
        if kind is None or (kind == "sm2" and self.crypto.release >= names.SM2_UNTIL):
            self.log.reject(ENOPKG, f"Unsupported pkey algo: {self.crypto.number(self.last)}")
        return kind

    def _attributes(self, found: Attributes) -> bytes:
        """The signed attributes of a signer as a SET, or empty."""
        reader = self.reader

        def attribute() -> None:
            frame = reader.enter(SEQUENCE)
            self._oid()
            reader.each(reader.enter(SET), value)
            reader.leave(frame)

        def value() -> None:
            one = reader.any()
            found.note(self.last, one.tag, reader.content(one))

        frame = reader.maybe_enter(CONTEXT | CONSTRUCTED)
        if frame is not None:
            value_of = reader.each(frame, attribute)
            found.require()
            return bytes((SET,)) + reader.whole(value_of)[1:]
        outer = reader.otherwise_enter(CONTEXT | CONSTRUCTED | 2)
        if outer is not None:
            reader.each(reader.enter(SEQUENCE), attribute)
            reader.leave(outer)
        return b""

    def _unsigned_attribute(self) -> None:
        frame = self.reader.enter(SEQUENCE)
        self.reader.take(OID)
        self.reader.each(self.reader.enter(SET), self._skip)
        self.reader.leave(frame)

    def _skip(self) -> None:
        self.reader.any()
