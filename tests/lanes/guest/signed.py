"""In a guest that enforces signatures: signed files that are not modules."""

from __future__ import annotations

import ctypes
import json
import os
from typing import Any

from tests.lanes.guest.insert import INIT_MODULE
from tests.lanes.guest.machine import insert

ENFORCE = "/sys/module/module/parameters/sig_enforce"
ONCE = "alg: No test for "  # what the first use of an algorithm of a boot says

libc = ctypes.CDLL(None, use_errno=True)


def verdicts(path: str, modules: list[str]) -> list[Any]:
    """Errno, and level and text of each line of the log, for each of the images in ``path`` (JSON, hex).

    ``modules`` are loaded first: hashes that the kernel would request from modprobe.
    """
    for module in modules:
        insert(module)
    with open(ENFORCE, "w", encoding="ascii") as file:
        file.write("1")
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    with open(path, encoding="ascii") as file:
        images = [bytes.fromhex(text) for text in json.load(file)]
    return [_verdict(image, log) for image in images]


def _verdict(image: bytes, log: int) -> list[Any]:
    os.lseek(log, 0, os.SEEK_END)
    code = ctypes.get_errno() if libc.syscall(INIT_MODULE, image, len(image), b"") else 0
    return [code, said(log)]


def said(log: int) -> list[list[Any]]:
    """Level and text of each unread line of the open /dev/kmsg ``log``."""
    lines: list[list[Any]] = []
    while True:
        try:
            head, _, text = os.read(log, 8192).decode("ascii", "replace").partition(";")
        except BlockingIOError:
            return lines
        if not text.startswith(ONCE):
            lines.append([int(head.split(",")[0]) & 7, text.splitlines()[0]])
