"""Certificate files, PEM or DER, with one or several certificates."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from typing import Final

from pymodutils.errors import ModutilsError
from pymodutils.signature import x509
from pymodutils.signature.ber import SEQUENCE, Reader
from pymodutils.signature.digests import EVERYTHING
from pymodutils.signature.rejected import PrintkLog, Rejected

PEM: Final = re.compile(
    rb"-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END \1?CERTIFICATE-----", re.DOTALL
)


def certificates(data: bytes, subject: str) -> list[bytes]:
    """The DER of each certificate in ``data``; raises ModutilsError for ``subject``."""
    found = _pem(data, subject) if b"-----BEGIN" in data else _der(data, subject)
    if not found:
        raise ModutilsError(subject, f"{subject}: there is no certificate in it: give one, PEM or DER")
    for der in found:
        try:
            x509.parse(der, EVERYTHING, PrintkLog())
        except Rejected as error:
            raise ModutilsError(
                subject, f"{subject}: the kernel does not accept a certificate: {error}"
            ) from None
    return found


def _pem(data: bytes, subject: str) -> list[bytes]:
    try:
        return [a2b_base64(match[2]) for match in PEM.finditer(data)]
    except Error as error:
        raise ModutilsError(subject, f"{subject}: it is damaged: {error}") from None


def _der(data: bytes, subject: str) -> list[bytes]:
    found = []
    while data:
        try:
            reader = Reader(data[:0xFFFF])
            value = reader.take(SEQUENCE)
        except Rejected:
            raise ModutilsError(
                subject, f"{subject}: it is neither PEM nor DER: give a certificate"
            ) from None
        found.append(reader.whole(value))
        data = data[value.end :]
    return found
