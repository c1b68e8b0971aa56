"""Object identifiers that the kernel knows, and how it names those that it does not; lib/oid_registry.c."""

from __future__ import annotations

from typing import Final

# In the order of the numbers by which Linux 6.1 calls them in its log.
REGISTRY: Final = """
    1.2.840.10030.4.3 1.2.840.10040.4.1 1.2.840.10045.2.1 1.2.840.10045.3.1.1 1.2.840.10045.3.1.7
    1.2.840.10045.4.1 1.2.840.10045.4.3.1 1.2.840.10045.4.3.2 1.2.840.10045.4.3.3 1.2.840.10045.4.3.4
    1.2.840.113549.1.1.1 1.2.840.113549.1.1.2 1.2.840.113549.1.1.3 1.2.840.113549.1.1.4 1.2.840.113549.1.1.5
    1.2.840.113549.1.1.11 1.2.840.113549.1.1.12 1.2.840.113549.1.1.13 1.2.840.113549.1.1.14
    1.2.840.113549.1.7.1 1.2.840.113549.1.7.2 1.2.840.113549.1.9.1 1.2.840.113549.1.9.3 1.2.840.113549.1.9.4
    1.2.840.113549.1.9.5 1.2.840.113549.1.9.15 1.2.840.113549.1.9.16.2.11 1.2.840.113549.2.2
    1.2.840.113549.2.4 1.2.840.113549.2.5 1.2.840.48018.1.2.2 1.2.840.113554.1.2.2 1.2.840.113554.1.2.2.3
    1.3.6.1.4.1.311.2.1.4 1.3.6.1.4.1.311.2.1.11 1.3.6.1.4.1.311.2.1.12 1.3.6.1.4.1.311.2.1.15
    1.3.6.1.4.1.311.2.1.21 1.3.6.1.4.1.311.16.4 1.3.6.1.4.1.311.2.2.10 1.3.6.1.5.5.2 1.3.6.1.5.2.5
    1.3.5.1.5.2.7 1.3.6.1.5.5.14 1.3.6.1.5.5.7.1.1 1.3.14.3.2.26 1.3.132.0.34 2.16.840.1.101.3.4.2.1
    2.16.840.1.101.3.4.2.2 2.16.840.1.101.3.4.2.3 2.16.840.1.101.3.4.2.4 2.5.4.3 2.5.4.4 2.5.4.6 2.5.4.7
    2.5.4.8 2.5.4.10 2.5.4.11 2.5.4.12 2.5.4.13 2.5.4.41 2.5.4.42 2.5.4.43 2.5.4.44 2.5.29.14 2.5.29.15
    2.5.29.17 2.5.29.18 2.5.29.19 2.5.29.31 2.5.29.32 2.5.29.35 2.5.29.37 1.2.752.43.14.2 1.2.752.43.14.3
    1.2.643.2.2.35.1 1.2.643.2.2.35.2 1.2.643.2.2.35.3 1.2.643.7.1.1.1.1 1.2.643.7.1.1.1.2 1.2.643.7.1.1.2.2
    1.2.643.7.1.1.2.3 1.2.643.7.1.1.3.2 1.2.643.7.1.1.3.3 1.2.643.7.1.2.1.1.1 1.2.643.7.1.2.1.1.2
    1.2.643.7.1.2.1.1.3 1.2.643.7.1.2.1.1.4 1.2.643.7.1.2.1.2.1 1.2.643.7.1.2.1.2.2 1.2.643.7.1.2.1.2.3
    1.2.156.10197.1.301 1.2.156.10197.1.401 1.2.156.10197.1.501 1.2.156.10197.1.504 2.23.133.10.1.3
    2.23.133.10.1.4 2.23.133.10.1.5
""".split()
TEXT: Final = 49  # characters of an object identifier in the log


def encoded(dotted: str) -> bytes:
    """``dotted`` as the content of an object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray()
    for arc in (first * 40 + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:  # noqa: PLW2901 -- digit by digit
            digits.append(arc & 0x7F | 0x80)
        out += bytes(reversed(digits))
    return bytes(out)


NUMBERS: Final = {encoded(dotted): number for number, dotted in enumerate(REGISTRY)}
UNKNOWN: Final = len(REGISTRY)


def number(oid: bytes) -> int:
    """The kernel's number of the object identifier with the content ``oid``; UNKNOWN if it has none."""
    return NUMBERS.get(oid, UNKNOWN)


def shown(oid: bytes) -> str:
    """``oid`` as the kernel prints it: its first byte as two numbers, ``(bad)`` where it ends too early."""
    if not oid:
        return "(bad)"
    text, arc = f"{oid[0] // 40}.{oid[0] % 40}", 0
    for byte in oid[1:]:
        arc = (arc << 7 | byte & 0x7F) & 0xFFFF_FFFF_FFFF_FFFF
        if not byte & 0x80:
            text, arc = f"{text}.{arc}", 0
    if len(oid) > 1 and oid[-1] & 0x80:
        text += "(bad)"
    return text[:TEXT]
