"""In a guest: the real kernel as a machine for the player."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path
from typing import Any

from pymodutils.elf import compress
from tests.lanes.verdicts import cases
from tests.lanes.verdicts.player import Player

INIT_MODULE, DELETE_MODULE, FINIT_MODULE = 175, 176, 313  # x86-64's numbers of the system calls
MARK = "verdicts: read so far"
ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
libc = ctypes.CDLL(None, use_errno=True)


def main(names: list[str], built: str, tree: list[str]) -> dict[str, Any]:
    """The results of the cases in the files ``names``, by case; ``built`` and ``tree`` contain the modules."""
    player = Player(Real(), Files(built, tree))
    outcomes: dict[str, Any] = {}
    for case in cases.read(*names):
        print(case.name, flush=True)  # noqa: T201 -- for the console, if this is the last one
        outcomes[case.name] = player.play(case)
    return outcomes


class Files:
    """The content of a module by its name in a case."""

    def __init__(self, built: str, tree: list[str]) -> None:
        self.built = Path(built)
        self.tree = {Path(path).name.split(".")[0].replace("-", "_"): path for path in tree}

    def __call__(self, name: str) -> bytes:
        if name.startswith("tree/"):
            return compress.read(self.tree[name.removeprefix("tree/")])
        return (self.built / f"{name}.ko").read_bytes()


class Real:
    """The kernel that runs this process."""

    def __init__(self) -> None:
        self.write("/proc/sys/kernel/printk_devkmsg", b"on\n")  # as many lines as we like
        self.kmsg = os.open("/dev/kmsg", os.O_RDWR)
        os.lseek(self.kmsg, 0, os.SEEK_END)

    def insert(self, name: str, image: bytes, params: bytes, flags: int | None) -> None:
        if flags is None:
            _syscall(INIT_MODULE, ctypes.c_char_p(image), ctypes.c_ulong(len(image)), ctypes.c_char_p(params))
            return
        path = f"/tmp/{name.replace('/', '-')}.ko"
        Path(path).write_bytes(image)
        fd = os.open(path, os.O_RDONLY)
        try:
            _syscall(FINIT_MODULE, fd, ctypes.c_char_p(params), flags)
        finally:
            os.close(fd)

    def finit(self, fd: int) -> None:
        _syscall(FINIT_MODULE, fd, ctypes.c_char_p(b""), 0)

    def delete(self, name: bytes, flags: int) -> None:
        _syscall(DELETE_MODULE, ctypes.c_char_p(name), flags)

    def use(self, name: str, by: int) -> None:
        self.write(f"/sys/module/{name}/parameters/use", b"+" if by > 0 else b"-")

    def read(self, path: str) -> bytes:
        fd = os.open(path, os.O_RDONLY)
        try:
            return b"".join(iter(lambda: os.read(fd, 1 << 16), b""))
        finally:
            os.close(fd)

    def write(self, path: str, data: bytes) -> None:
        fd = os.open(path, os.O_WRONLY)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)

    def tree(self, path: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                full = f"{folder}/{name}"
                found[full.removeprefix(path)] = self._entry(full)
        return found

    def _entry(self, path: str) -> str:
        if os.path.islink(path):
            return f"-> {os.readlink(path)}"
        mode = f"{os.stat(path).st_mode & 0o7777:o}"
        if os.path.isdir(path):
            return f"{mode}/"
        try:
            return f"{mode} {self.read(path).decode('latin-1')}"
        except OSError as error:
            return f"{mode} errno {error.errno}"

    def log(self) -> list[tuple[int, str]]:
        os.write(self.kmsg, f"{MARK}\n".encode())  # ends a line that has no end yet, which could not be read
        found: list[tuple[int, str]] = []
        while True:
            head, _, text = os.read(self.kmsg, 1 << 14).decode("latin-1").partition(";")
            lines = ESCAPED.sub(_character, text.partition("\n")[0]).split("\n")
            if lines == [MARK]:
                return found
            found += [(int(head.split(",")[0]) & 7, line) for line in lines]


def _character(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))


def _syscall(number: int, *arguments: Any) -> None:
    result = libc.syscall(number, *arguments)
    if result:
        code = ctypes.get_errno() if result == -1 else abs(result)
        raise OSError(code, "refused")
