"""In a guest: all modules loaded without init() and exit(), and removed."""

from __future__ import annotations

import ctypes
import os
import re
from typing import Any

from pymodutils.elf import compress
from pymodutils.names import of_path
from tests.kernel.emulated.whole import FUNCTIONS, without_addresses
from tests.lanes.guest.insert import insert, without_init

ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
DELETE_MODULE = 176  # x86-64's number of the system call


def main(files: list[str]) -> dict[str, Any]:
    """The same as ``whole.main`` for the emulated kernel: refusals, /proc/modules, modules not removed."""
    refused = {of_path(path): line for path in files if (line := inserted(path))}
    names, modules = loaded()
    kept = {name: code for name in names if (code := deleted(name))}
    return {"refused": refused, "modules": without_addresses(modules), "kept": kept, "left": loaded()[0]}


def inserted(path: str) -> list[Any]:
    """The errno of loading ``path``, and warnings and errors in the log; nothing if it was loaded."""
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    try:
        insert(without_init(compress.read(path), FUNCTIONS), of_path(path))
    except OSError as error:
        return [error.errno, lines(log)]
    finally:
        os.close(log)
    return []


def lines(log: int) -> list[str]:
    """The new warnings and errors in ``log``."""
    found: list[str] = []
    while True:
        try:
            head, _, text = os.read(log, 8192).decode().partition(";")
        except BlockingIOError:
            return found
        if int(head.split(",")[0]) & 7 <= 4:
            found += ESCAPED.sub(_byte, text.partition("\n")[0]).split("\n")


def _byte(escaped: re.Match[str]) -> str:
    """An escape of /dev/kmsg as the character that surrogateescape decodes to."""
    number = int(escaped[1], 16)
    return chr(number if number < 0x80 else 0xDC00 + number)


def loaded() -> tuple[list[str], str]:
    """The names of all modules, newest first, and /proc/modules."""
    with open("/proc/modules", encoding="ascii") as file:
        text = file.read()
    return [line.split()[0] for line in text.splitlines()], text


def deleted(name: str) -> int:
    """The errno of removing ``name``."""
    libc = ctypes.CDLL(None, use_errno=True)
    return ctypes.get_errno() if libc.syscall(DELETE_MODULE, name.encode(), os.O_NONBLOCK) else 0
