"""In a guest: a module loaded with many lines of parameters, and writes to their files.

Bytes are transferred as Latin-1.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterable
from typing import Any

from pymodutils.elf import compress
from pymodutils.names import of_path
from tests.lanes.guest.insert import INIT_MODULE, SIGNED, without_init
from tests.lanes.guest.machine import libc

DELETE_MODULE = 176
END = b"that is all\n"
NOT_OURS = re.compile(rb"verification failed|out-of-tree|taints kernel\\.$|lock debugging")


def loads(path: str, lines: list[str]) -> list[dict[str, Any]]:
    """The results of loading the module ``path`` with each of ``lines``; see ``_seen``."""
    data, name, log = compress.read(path).removesuffix(SIGNED), of_path(path), Log()
    found = []
    for line in ["", *lines]:
        errno = insert(data, line)
        found.append(_seen(name, errno, log))
        _remove(name)
    return found[1:]


def stores(path: str, writes: list[list[str]]) -> list[dict[str, Any]]:
    """The results of ``writes``, each a file and a text, in order."""
    data, name, log = compress.read(path).removesuffix(SIGNED), of_path(path), Log()
    insert(data, "")
    log.records()
    found = []
    for file, text in writes:
        errno = write(f"/sys/module/{name}/parameters/{file}", text)
        found.append(_seen(name, errno, log))
    _remove(name)
    return found


def both(path: str, lines: list[str], writes: list[list[str]]) -> list[list[dict[str, Any]]]:
    """``loads`` and ``stores`` in one boot."""
    return [loads(path, lines), stores(path, writes)]


def modules(files: list[str], lines: list[list[str]], hidden: list[list[str]]) -> list[list[dict[str, Any]]]:
    """The results of loading each of ``files``, without init, with ``lines`` until one succeeds.

    ``hidden`` files are not read, because the module's own code would run.
    """
    log = Log()
    found = []
    for path, tried, left in zip(files, lines, hidden, strict=True):
        data, name = without_init(compress.read(path)), of_path(path)
        found.append(list[dict[str, Any]]())
        for line in tried:
            found[-1].append(_seen(name, insert(data, line), log, left))
            if not found[-1][-1]["errno"]:
                break
    return found


def insert(data: bytes, line: str) -> int:
    """Load ``data`` with ``line``; the errno."""
    words = ctypes.c_char_p(line.encode("latin-1"))
    failed = libc.syscall(INIT_MODULE, ctypes.c_char_p(data), ctypes.c_ulong(len(data)), words)
    return ctypes.get_errno() if failed else 0


def write(path: str, text: str) -> int:
    """Write ``text`` by one call; the errno."""
    try:
        file = os.open(path, os.O_WRONLY)
    except OSError as error:
        return error.errno or 0
    try:
        os.write(file, text.encode("latin-1"))
    except OSError as error:
        return error.errno or 0
    finally:
        os.close(file)
    return 0


def read(path: str) -> str | int:
    """The result of one read of the file ``path``, or the errno."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        return error.errno or 0
    try:
        return os.read(file, 1 << 16).decode("latin-1")
    except OSError as error:
        return error.errno or 0
    finally:
        os.close(file)


class Log:
    """The kernel's log from now on."""

    def __init__(self) -> None:
        with open("/proc/sys/kernel/printk_devkmsg", "w", encoding="ascii") as file:
            file.write("on\n")  # as often as we like
        self.file = os.open("/dev/kmsg", os.O_RDWR | os.O_NONBLOCK)
        os.lseek(self.file, 0, os.SEEK_END)

    def records(self) -> list[tuple[int, str]]:
        """Level and text of each record since the last call, as bytes were printed."""
        os.write(self.file, END)  # a line that the kernel has cut is kept back until another follows
        found: list[tuple[int, str]] = []
        while True:
            record = os.read(self.file, 1 << 16)
            if END in record:
                return found
            head, _, rest = record.partition(b";")
            text = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), rest.split(b"\n", 1)[0])
            if not NOT_OURS.search(text):
                found.append((int(head.split(b",")[0]) & 7, text.decode("latin-1")))


def _seen(name: str, errno: int, log: Log, left: Iterable[str] = ()) -> dict[str, Any]:
    """``errno``, what was logged, whether the kernel is tainted U, and each file's mode and content."""
    folder = f"/sys/module/{name}/parameters"
    names = sorted(set(os.listdir(folder)).difference(left)) if os.path.isdir(folder) else []
    files = {one: [os.stat(f"{folder}/{one}").st_mode & 0o7777, read(f"{folder}/{one}")] for one in names}
    with open("/proc/sys/kernel/tainted", encoding="ascii") as file:
        tainted = int(file.read()) >> 6 & 1
    return {"errno": errno, "log": log.records(), "tainted": tainted, "files": files}


def _remove(name: str) -> None:
    libc.syscall(DELETE_MODULE, name.encode(), os.O_NONBLOCK)
