"""Writes to a uevent file; lib/kobject_uevent.c: kobject_synth_uevent."""

from __future__ import annotations

import re
from typing import Final

ACTIONS: Final = (b"add", b"remove", b"change", b"move", b"online", b"offline", b"bind", b"unbind")
UUID: Final = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ARGUMENTS: Final = re.compile(rb"( [0-9a-zA-Z]+=[0-9a-zA-Z]+)*")


class BadEvent(ValueError):
    """An invalid event, with the kernel's message."""


def parse(data: bytes, name: str) -> tuple[str, str, str]:
    """The action in ``data``, the module's ``name``, and further variables; raises BadEvent."""
    text = data[:-1] if data[-1:] in (b"\n", b"\0") else data
    action, blank, rest = text.partition(b" ")
    if action not in ACTIONS:
        raise BadEvent("unknown uevent action string")
    return action.decode(), name, _more(rest) if blank else "SYNTH_UUID=0"


def _more(rest: bytes) -> str:
    uuid = UUID.match(rest)
    if uuid is None or not ARGUMENTS.fullmatch(rest[uuid.end() :]):
        raise BadEvent("incorrect uevent action arguments")
    arguments = rest[uuid.end() :].decode().split()
    return " ".join((f"SYNTH_UUID={uuid[0].decode()}", *(f"SYNTH_ARG_{word}" for word in arguments)))
