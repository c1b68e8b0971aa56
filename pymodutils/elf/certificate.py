"""What an X.509 certificate says of its key, in the terms in which modinfo names who signed a module."""

from __future__ import annotations

from typing import NamedTuple

from pymodutils.elf import der
from pymodutils.elf.signature import common_name


class Certificate(NamedTuple):
    """Whose key it is, who says so, and the number under which."""

    subject: str
    issuer: str
    serial: bytes


def read(blob: bytes) -> Certificate | None:
    """The certificate ``blob``, DER; None if it is damaged."""
    try:
        told = der.Reader(blob).enter(der.SEQUENCE).enter(der.SEQUENCE)
        told.skip(der.CONTEXT_0)  # version
        serial = der.magnitude(told.take(der.INTEGER))
        told.take(der.SEQUENCE)  # how it is signed
        issuer = common_name(told.enter(der.SEQUENCE))
        told.take(der.SEQUENCE)  # from when to when it is valid
        return Certificate(common_name(told.enter(der.SEQUENCE)), issuer, serial)
    except der.Damaged:
        return None
