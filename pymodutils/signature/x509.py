"""Parse X.509 certificates like the kernel; crypto/asymmetric_keys/x509_cert_parser.c."""

from __future__ import annotations

from errno import EINVAL, EKEYREJECTED, ENOPKG
from typing import TYPE_CHECKING, NamedTuple

from pymodutils.signature import issuer, names, times, x509_extensions
from pymodutils.signature.ber import (
    BIT_STRING,
    BOOLEAN,
    CONSTRUCTED,
    CONTEXT,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    UTC_TIME,
    Reader,
    Value,
)
from pymodutils.signature.digests import digest
from pymodutils.signature.public_key import Key, Signed, verify
from pymodutils.signature.rejected import PrintkLog, Rejected

if TYPE_CHECKING:
    from pymodutils.signature.digests import Crypto


class Certificate(NamedTuple):
    """A certificate; key identifiers are bytes, or None if absent."""

    id: bytes  # serial number and issuer
    skid: bytes | None  # the key's own identifier
    authority: tuple[bytes | None, bytes | None]  # ``id`` and ``skid`` of the issuer
    key: Key
    signed: Signed
    valid: tuple[int, int]  # from and to, in seconds since 1970
    self_signed: bool
    unsupported: bool  # its signature cannot be verified by this kernel


def parse(data: bytes, crypto: Crypto, log: PrintkLog) -> Certificate:
    """The certificate ``data``; raises Rejected, also for an invalid self-signature."""
    parser = _Parser(data, crypto, log)
    parser.certificate()
    return parser.judged()


class _Parser:
    """The state of parsing a certificate."""

    def __init__(self, data: bytes, crypto: Crypto, log: PrintkLog) -> None:
        self.reader, self.crypto, self.log = Reader(data), crypto, log
        self.last = b""  # object identifier
        self.serial = self.issuer = self.key = self.value = self.tbs = b""
        self.subject: bytes | None = None
        self.signer = ("", "")
        self.sign_oid = b""
        self.parameters: bytes | None = None
        self.skid: bytes | None = None
        self.akid: bytes | None = None
        self.kind = ""
        self.valid = (0, 0)

    def certificate(self) -> None:
        """Parse the certificate."""
        reader = self.reader
        whole, inner = reader.enter(SEQUENCE), reader.enter(SEQUENCE)
        self._version()
        self.serial = reader.content(reader.take(INTEGER))
        self._algorithm()
        self._note_signer()
        self.issuer = reader.content(issuer.name(reader))
        self.valid = self._validity()
        self.subject = reader.content(issuer.name(reader))
        self._key()
        for number in (1, 2):
            reader.maybe(CONTEXT | number)
        self._extensions()
        self.tbs = reader.whole(reader.leave(inner))
        self._algorithm()
        self._signature(reader.content(reader.take(BIT_STRING)))
        reader.leave(whole)

    def judged(self) -> Certificate:
        """The certificate, with its signature verified if self-signed."""
        authority: tuple[bytes | None, bytes | None] = (None, None)
        if self.akid is not None:
            authority = issuer.authority(self.akid, self.crypto.release, self.log)
        kind, hashed = self.signer
        known = hashed == names.NO_HASH or hashed in self.crypto.names
        signed = Signed(kind, hashed, digest(hashed, self.tbs) if known else b"", self.value)
        found = Certificate(
            id=self.serial + self.issuer,
            skid=self.skid,
            authority=authority,
            key=Key(self.kind, self.key),
            signed=signed,
            valid=self.valid,
            self_signed=False,
            unsupported=not known,
        )
        return _self_signed(found, self.crypto) if self.subject == self.issuer else found

    def _version(self) -> None:
        frame = self.reader.maybe_enter(CONTEXT | CONSTRUCTED)
        if frame is not None:
            self.reader.take(INTEGER)
            self.reader.leave(frame)

    def _algorithm(self) -> None:
        frame = self.reader.enter(SEQUENCE)
        self.last = self.crypto.known(self.reader.content(self.reader.take(OID)))
        parameters = self.reader.maybe_any()
        if parameters is not None and self.subject is not None and not self.kind:
            self.parameters = self.reader.whole(parameters)
        self.reader.leave(frame)

    def _note_signer(self) -> None:
        if self.last not in names.SIGNERS or self._is_dropped(self.last):
            raise Rejected("certificate", "it is signed in a way that the kernel does not know", ENOPKG)
        self.signer, self.sign_oid = names.SIGNERS[self.last], self.last

    def _is_dropped(self, oid: bytes) -> bool:
        """Whether ``oid`` belongs to SM2, and the kernel no longer supports it."""
        return oid in (names.SM2, names.SM2_WITH_SM3) and self.crypto.release >= names.SM2_UNTIL

    def _validity(self) -> tuple[int, int]:
        frame = self.reader.enter(SEQUENCE)
        start = self._time(None)
        end = self._time(start)
        self.reader.leave(frame)
        return self._seconds(start), self._seconds(end)

    def _time(self, before: Value | None) -> Value:
        """The next time; if absent, the decoder still has the one ``before``."""
        found = self.reader.maybe(UTC_TIME) or self.reader.otherwise(GENERALIZED_TIME) or before
        self.reader.chosen()
        if found is None:
            raise Rejected("certificate", "it has no time")
        return found

    def _seconds(self, time: Value) -> int:
        return times.seconds(time.tag, self.reader.content(time))

    def _key(self) -> None:
        frame = self.reader.enter(SEQUENCE)
        self._algorithm()
        content = self.reader.content(self.reader.take(BIT_STRING))
        self.kind = self._kind()
        if content[:1] != b"\0":
            raise Rejected("certificate", "its key is no whole number of bytes")
        self.key = content[1:]
        self.reader.leave(frame)

    def _kind(self) -> str:
        if self.last == names.RSA:
            return "rsa"
        if self.last in names.MLDSA:
            return names.MLDSA[self.last]
        if self.last in names.GOST_KEYS:
            return "ecrdsa"
        if self.last == names.SM2 and not self._is_dropped(self.last):
            return "sm2"
        if self.last != names.EC_KEY:
            raise Rejected("certificate", "its key is of a kind that the kernel does not know", ENOPKG)
        curve = x509_extensions.short(self.parameters or b"", OID)
        if curve is None:
            raise Rejected("certificate", "its curve is not named")
        if not self.crypto.known(curve) or curve not in names.CURVES or self._is_dropped(curve):
            raise Rejected("certificate", "its key is on a curve that the kernel does not know", ENOPKG)
        return names.CURVES[curve]

    def _extensions(self) -> None:
        outer = self.reader.maybe_enter(CONTEXT | CONSTRUCTED | 3)
        if outer is not None:
            self.reader.each(self.reader.enter(SEQUENCE), self._extension)
            self.reader.leave(outer)

    def _extension(self) -> None:
        frame = self.reader.enter(SEQUENCE)
        self.last = self.reader.content(self.reader.take(OID))
        self.reader.maybe(BOOLEAN)
        content = self.reader.content(self.reader.take(OCTET_STRING))
        if self.last == names.SUBJECT_KEY:
            self.skid = self._key_id(content)
        elif self.last == names.AUTHORITY_KEY:
            self.akid = content
        elif self.last in x509_extensions.USES and self.crypto.release >= x509_extensions.USES_SINCE:
            x509_extensions.USES[self.last](content, self.crypto.release)
        self.reader.leave(frame)

    def _key_id(self, content: bytes) -> bytes:
        found = x509_extensions.short(content, OCTET_STRING)
        if self.skid is not None or found is None:
            raise Rejected("certificate", "the identifier of its key is damaged")
        return found

    def _signature(self, content: bytes) -> None:
        if self.last != self.sign_oid:
            told = f"({self.crypto.number(self.last)}) differs from tbsCertificate.signature"
            self.log.reject(EINVAL, f"X.509: signatureAlgorithm {told} ({self.crypto.number(self.sign_oid)})")
        if content[:1] != b"\0":
            raise Rejected("certificate", "its signature is no whole number of bytes")
        self.value = content[1:]


def _self_signed(cert: Certificate, crypto: Crypto) -> Certificate:
    """``cert``, whose issuer is its subject, with its signature verified if it is self-signed."""
    ident, key = cert.authority
    same_key = key is not None and cert.skid == key
    same_id = ident is not None and cert.id == ident
    if (ident is not None or key is not None) and not same_key and not same_id:
        return cert
    if same_key != same_id and ident is not None and key is not None:
        raise Rejected("certificate", "it is signed by itself and by another key", EKEYREJECTED)
    if cert.unsupported:
        return cert
    verify(cert.key, cert.signed, crypto)
    return cert._replace(self_signed=True)
