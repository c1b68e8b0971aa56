"""In a guest: compressed modules on a kernel that decompresses them."""

from __future__ import annotations

import ctypes
import json
import os
from typing import Any

from tests.lanes.guest.signed import said

FINIT_MODULE = 313
COMPRESSED_FILE = 4

libc = ctypes.CDLL(None, use_errno=True)


def verdicts(path: str) -> list[Any]:
    """Errno, and level and text of each line of the log, for each of the files in ``path`` (JSON, hex)."""
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    with open(path, encoding="ascii") as file:
        files = [bytes.fromhex(text) for text in json.load(file)]
    return [_verdict(data, log) for data in files]


def _verdict(data: bytes, log: int) -> list[Any]:
    with open("/module", "wb") as file:
        file.write(data)
    os.lseek(log, 0, os.SEEK_END)
    fd = os.open("/module", os.O_RDONLY)
    code = ctypes.get_errno() if libc.syscall(FINIT_MODULE, fd, b"", COMPRESSED_FILE) else 0
    os.close(fd)
    return [code, said(log)]
