"""Escape untrusted names so that they have no effect on a terminal or a CI log."""

from __future__ import annotations

import re
from typing import Final

UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
SURROGATE: Final = 0xDC00
ESCAPED_BYTES: Final = range(SURROGATE + 0x80, SURROGATE + 0x100)  # bytes that are not UTF-8; PEP 383
ONE_BYTE: Final = range(0x100)
COMMAND: Final = re.compile(r"^(?=::|##)")  # GitHub and Azure execute lines with these prefixes


def printable(text: str) -> str:
    r"""``text`` with control and direction characters and bytes that are not UTF-8 as ``\xNN``, ``\uNNNN``.

    A leading ``::`` or ``##``, a command for CI services, is prefixed with a backslash.
    """
    return COMMAND.sub(r"\\", UNSAFE.sub(_code, text))


def _code(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code in ESCAPED_BYTES:
        code -= SURROGATE
    return f"\\x{code:02x}" if code in ONE_BYTE else f"\\u{code:04x}"
