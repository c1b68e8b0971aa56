"""Names in certificates, and identifiers of the signing key; x509_akid.asn1, RFC 5280, 4.2.1.1."""

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
    Frame,
    Reader,
    Value,
)
from pymodutils.signature.rejected import PrintkLog, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

ANY: Final = 0
GENERAL_NAMES: Final = (ANY, IA5_STRING, IA5_STRING, ANY, ANY, ANY, IA5_STRING, OCTET_STRING, OID)
OTHER_NAME, DIRECTORY_NAME, EDI_PARTY_NAME = 0, 4, 5
IMPLICIT_SINCE: Final = (6, 5)  # tags of strings and of structures stand for the tags of their own


def name(reader: Reader, note: Callable[[bytes], None] = lambda _: None) -> Value:
    """Read the next X.501 name; ``note`` is called with the kind of each attribute."""

    def attribute() -> None:
        frame = reader.enter(SEQUENCE)
        note(reader.content(reader.take(OID)))
        reader.any()
        reader.leave(frame)

    return reader.each(reader.enter(SEQUENCE), lambda: reader.each(reader.enter(SET), attribute))


def authority(data: bytes, release: tuple[int, ...], log: PrintkLog) -> tuple[bytes | None, bytes | None]:
    """The key of an AuthorityKeyIdentifier: serial number and issuer, and key identifier."""
    try:
        return _key(Reader(data), _implicit_name if release >= IMPLICIT_SINCE else _general_name)
    except Rejected:
        log.warning("X.509: Couldn't decode AuthKeyIdentifier")
        raise


def _key(
    reader: Reader, general_name: Callable[[Reader, list[bytes]], None]
) -> tuple[bytes | None, bytes | None]:
    whole = reader.enter(SEQUENCE)
    key = reader.maybe(CONTEXT)
    issuers: list[bytes] = []
    frame = reader.maybe_enter(CONTEXT | CONSTRUCTED | 1)
    if frame is not None:
        reader.each(frame, lambda: general_name(reader, issuers))
    serial = reader.maybe(CONTEXT | 2)
    reader.leave(whole)
    ident = reader.content(serial) + issuers[-1] if serial and issuers else None
    return ident, reader.content(key) if key else None


def _general_name(reader: Reader, issuers: list[bytes]) -> None:
    """Read one of the names of an issuer; an X.501 name is added to ``issuers``."""
    for number, tag in enumerate(GENERAL_NAMES):
        frame = _constructed(reader, number)
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


def _implicit_name(reader: Reader, issuers: list[bytes]) -> None:
    """The same of later kernels."""
    for number, tag in enumerate(GENERAL_NAMES):
        if tag:
            found: Frame | Value | None = reader.otherwise(CONTEXT | number)
        else:
            found = frame = _constructed(reader, number)
            if frame is not None:
                _contents(reader, number, issuers)
                reader.leave(frame)
        if found is not None:
            reader.matched = True
    reader.chosen()


def _constructed(reader: Reader, number: int) -> Frame | None:
    wanted = CONTEXT | CONSTRUCTED | number
    return reader.otherwise_enter(wanted) if number else reader.maybe_enter(wanted)


def _contents(reader: Reader, number: int, issuers: list[bytes]) -> None:
    """What is in a constructed name."""
    if number == DIRECTORY_NAME:
        issuers.append(reader.content(name(reader)))
    elif number == OTHER_NAME:
        reader.take(OID)
        _tagged(reader, reader.enter(CONTEXT | CONSTRUCTED))
    elif number == EDI_PARTY_NAME:
        _tagged(reader, reader.maybe_enter(CONTEXT | CONSTRUCTED))
        _tagged(reader, reader.enter(CONTEXT | CONSTRUCTED | 1))
    else:
        reader.any()


def _tagged(reader: Reader, frame: Frame | None) -> None:
    if frame is not None:
        reader.any()
        reader.leave(frame)
