"""The facts that depmod needs about a module.

Lists are NUL-terminated strings in bytes: four thousand modules have 200,000 strings, which are cheap to
send, store and search in this form, and expensive as objects.
"""

from __future__ import annotations

from typing import NamedTuple


class Facts(NamedTuple):
    """The data of a module for the module database; each field is a list, see ``listed``."""

    needs: bytes = b""  # imported symbols
    exports: bytes = b""
    aliases: bytes = b""
    softdeps: bytes = b""
    weakdeps: bytes = b""


def listed(strings: bytes) -> list[bytes]:
    """The strings of one field of Facts."""
    return strings[:-1].split(b"\0") if strings else []
