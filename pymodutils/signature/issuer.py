"""Names in certificates: of people, and of the key that signed; x509_akid.asn1, RFC 5280, 4.2.1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.signature.ber import (
    CONSTRUCTED,
    CONTEXT,
    IA5_STRING,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    Reader,
    Value,
)
from pymodutils.signature.rejected import PrintkLog, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

GENERAL_NAMES: Final = (0, IA5_STRING, IA5_STRING, 0, 0, 0, IA5_STRING, OCTET_STRING, OID)  # 0: any value
DIRECTORY_NAME: Final = 4


def name(reader: Reader, note: Callable[[bytes], None] = lambda _: None) -> Value:
    """The X.501 name that is next; ``note`` is called with the kind of each attribute."""

    def attribute() -> None:
        frame = reader.enter(SEQUENCE)
        note(reader.content(reader.take(OID)))
        reader.any()
        reader.leave(frame)

    return reader.each(reader.enter(SEQUENCE), lambda: reader.each(reader.enter(SET), attribute))


def authority(data: bytes, log: PrintkLog) -> tuple[bytes | None, bytes | None]:
    """Which key an AuthorityKeyIdentifier means: serial number and issuer, and its own identifier."""
    try:
        return _key(Reader(data))
    except Rejected:
        log.warning("X.509: Couldn't decode AuthKeyIdentifier")
        raise


def _key(reader: Reader) -> tuple[bytes | None, bytes | None]:
    whole = reader.enter(SEQUENCE)
    key = reader.maybe(CONTEXT)
    issuers: list[bytes] = []
    frame = reader.maybe_enter(CONTEXT | CONSTRUCTED | 1)
    if frame is not None:
        reader.each(frame, lambda: _general_name(reader, issuers))
    serial = reader.maybe(CONTEXT | 2)
    reader.leave(whole)
    ident = reader.content(serial) + issuers[-1] if serial and issuers else None
    return ident, reader.content(key) if key else None


def _general_name(reader: Reader, issuers: list[bytes]) -> None:
    """One of the names of an issuer; ``issuers`` gets it if it is an X.501 name."""
    for number, tag in enumerate(GENERAL_NAMES):
        wanted = CONTEXT | CONSTRUCTED | number
        frame = reader.otherwise_enter(wanted) if number else reader.maybe_enter(wanted)
        if frame is None:
            continue
        if number == DIRECTORY_NAME:
            issuers.append(reader.content(name(reader)))
        elif tag:
            reader.take(tag)
        else:
            reader.any()
        reader.leave(frame)
        reader.matched = True
    reader.chosen()
