"""A kernel booted in this process as a machine to be played on."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from struct import unpack_from
from typing import Any, Final

from pymodutils import LiveKernel
from pymodutils.machine.guest import IMAGE, USER, USER_SIZE, Guest
from pymodutils.machine.results import Returned
from tests.lanes.verdicts.cases import Case
from tests.lanes.verdicts.player import Player
from tests.lanes.verdicts.real import Files

TASKS: Final = "Lockdown: pymodutils: ", "Lockdown: init: "  # how calls are logged here, and in a guest
ALONE: Final = (
    "start",
    "join",
    "descriptor",
)  # verbs of more than one task, or of descriptors of this process
UNSEEDED: Final = "(____ptrval____)"  # %p in a kernel that has no random bytes yet
MARK: Final = b"verdicts: read so far\n\0"
BUFFER: Final = USER + USER_SIZE // 2  # paths come before it
ROOM: Final = USER_SIZE // 2
FILE: Final = b"/file.ko"
AT_FDCWD: Final = -100
PATIENCE: Final = 100  # seconds of machine time that a load may take: modules of megabytes are among them
STAT: Final = 24  # the offset of st_mode in struct stat


def playable(case: Case) -> bool:
    """Whether all steps of ``case`` are supported here."""
    return not any(step.startswith(ALONE) for step in case.steps)


def play(image: Path, cmdline: str, cases: list[Case], files: Files) -> dict[str, list[dict[str, Any]]]:
    """The results of ``cases`` on the kernel of ``image``, by case."""
    with LiveKernel.boot(image, cmdline) as kernel:
        kernel.guest.patience = PATIENCE
        player = Player(Booted(kernel.guest), files)
        return {case.name: player.play(case) for case in cases}


class Booted:
    """The kernel on ``guest``."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.mark = guest.allocate(MARK)
        _, self.seen = guest.log_end()

    def insert(self, name: str, image: bytes, params: bytes, flags: int | None) -> None:  # noqa: ARG002
        area = self.guest.call("vmalloc", max(len(image), 1))
        self.guest.machine.space.write(area, image)
        self.guest.map(IMAGE, area, len(image))
        if flags is None:
            self._task("init_module", IMAGE, len(image), params)
            return
        self._file(len(image))
        fd = self._task("openat", AT_FDCWD, FILE, os.O_RDONLY, 0)
        try:
            self._task("finit_module", fd, params, flags)
        finally:
            self._task("close", fd)

    def finit(self, fd: int) -> None:
        raise NotImplementedError

    def delete(self, name: bytes, flags: int) -> None:
        self._task("delete_module", name, flags)

    def use(self, name: str, by: int) -> None:
        self.write(f"/sys/module/{name}/parameters/use", b"+" if by > 0 else b"-")

    def read(self, path: str) -> bytes:
        return self._all("read", path, os.O_RDONLY)

    def write(self, path: str, data: bytes) -> None:
        fd = self._now("openat", AT_FDCWD, os.fsencode(path), os.O_WRONLY, 0)
        try:
            self._now("write", fd, data, len(data))
        finally:
            self._now("close", fd)

    def tree(self, path: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in self._names(path):
            full = f"{path}/{name}"
            found[f"/{name}"] = entry = self._entry(full)
            if entry.endswith("/"):
                found |= {f"/{name}{below}": it for below, it in self.tree(full).items()}
        return found

    def log(self) -> list[tuple[int, str]]:
        self.guest.call("_printk", self.mark)  # ends a line that has no end yet
        lines, self.seen = self.guest.log(self.seen)
        said = MARK[:-2].decode()
        return [
            (level, text.replace(*TASKS).replace(UNSEEDED, "0" * 16))
            for level, text in map(_parts, lines)
            if text != said
        ]

    def _entry(self, path: str) -> str:
        self._now("newfstatat", AT_FDCWD, os.fsencode(path), BUFFER, 0x100)  # AT_SYMLINK_NOFOLLOW
        (mode,) = unpack_from("<I", self._buffer(STAT + 4), STAT)
        if stat.S_ISLNK(mode):
            size = self._now("readlink", os.fsencode(path), BUFFER, ROOM)
            return f"-> {self._buffer(size).decode('latin-1')}"
        if stat.S_ISDIR(mode):
            return f"{mode & 0o7777:o}/"
        try:
            return f"{mode & 0o7777:o} {self.read(path).decode('latin-1')}"
        except OSError as error:
            return f"{mode & 0o7777:o} errno {error.errno}"

    def _names(self, path: str) -> list[str]:
        try:
            data = self._all("getdents64", path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return []
        at, names = 0, []
        while at < len(data):
            (size,) = unpack_from("<H", data, at + 16)
            names.append(data[at + 19 : at + size].split(b"\0")[0].decode("latin-1"))
            at += size
        return [name for name in names if name not in (".", "..")]

    def _file(self, size: int) -> None:
        """Write the module at IMAGE to a file, in its own task: the boot task would keep it open for writing."""
        fd = self._task("openat", AT_FDCWD, FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        done = 0
        while done < size:
            done += self._task("write", fd, IMAGE + done, size - done)
        self._task("close", fd)

    def _all(self, call: str, path: str, flags: int) -> bytes:
        fd, found = self._now("openat", AT_FDCWD, os.fsencode(path), flags, 0), b""
        try:
            while size := self._now(call, fd, BUFFER, ROOM):
                found += self._buffer(size)
        finally:
            self._now("close", fd)
        return found

    def _buffer(self, size: int) -> bytes:
        return self.guest.machine.space.read(self.guest.user + BUFFER - USER, size)

    def _task(self, name: str, *arguments: int | bytes) -> int:
        """A system call in a task of its own; these share descriptors, but not with the boot task."""
        result = self.guest.system_call(name, *arguments)
        assert isinstance(result, Returned), result
        return _checked(result.int32)

    def _now(self, name: str, *arguments: int | bytes) -> int:
        """The result of a system call that cannot oops, in the boot task, which is much faster."""
        return _checked(self.guest.quick_system_call(name, *arguments))


def _checked(result: int) -> int:
    """``result`` of a system call; raises OSError."""
    if result < 0:
        raise OSError(-result, errno.errorcode.get(-result, "refused"))
    return result


def _parts(line: str) -> tuple[int, str]:
    prefix, _, text = line.partition("] ")
    return int(prefix.partition(">")[0][1:]) & 7, text
