"""All files of a database or none: written under other names, made durable, then renamed together."""

from __future__ import annotations

import os
import re
from threading import Thread
from typing import TYPE_CHECKING, Final

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

_LEFTOVER: Final = re.compile(r"\.modules\.[a-z.]+\.(\d+)\.new")


class Publication:
    """New contents for the files ``names`` of a directory, which show only after ``commit``.

    As a context manager it leaves nothing behind on any exception, and takes away what a process that
    was killed has left. Raises ModutilsError for whatever the system refuses: a full disk, a read-only tree.
    """

    def __init__(self, directory: str, names: Iterable[str]) -> None:
        self.directory = directory
        self._pending = {name: f"{directory}/.{name}.{os.getpid()}.new" for name in names}

    def __enter__(self) -> Self:
        for name in self._listing():
            found = _LEFTOVER.fullmatch(name)
            if found and not os.path.exists(f"/proc/{found[1]}"):
                _remove(f"{self.directory}/{name}")
        return self

    def __exit__(self, *_: object) -> None:
        for temporary in self._pending.values():
            _remove(temporary)
        self._pending = {}

    def write(self, name: str, content: bytes) -> None:
        """Hand ``content`` to the system, to become the file ``name``."""
        temporary = self._pending[name]
        _remove(temporary)  # left by a process that was killed and had our number
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            try:
                _write_all(fd, content)
            finally:
                os.close(fd)
        except OSError as error:
            raise self._refused(name, error) from error

    def commit(self) -> None:
        """Put everything on the disk, then give it its names, durably."""
        name = ""
        _flush(list(self._pending.values()))
        try:
            for name, temporary in list(self._pending.items()):
                os.rename(temporary, f"{self.directory}/{name}")
                del self._pending[name]
        except OSError as error:
            raise self._refused(name, error) from error
        _flush([self.directory])

    def _listing(self) -> list[str]:
        try:
            return os.listdir(self.directory)
        except OSError as error:
            raise self._refused("", error) from error

    def _refused(self, name: str, error: OSError) -> ModutilsError:
        path = f"{self.directory}/{name}"
        return ModutilsError(path, f"could not write {path}: {error.strerror}", error.errno)


def _flush(paths: Sequence[str]) -> None:
    """Wait until all of ``paths`` are on the disk: at once, so that the file system commits them together.

    Raises ModutilsError for the first that the system cannot write.
    """
    refused: list[OSError] = []
    threads = [Thread(target=_flush_one, args=(path, refused)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in refused:
        raise ModutilsError(
            error.filename, f"could not write {error.filename}: {error.strerror}", error.errno
        )


def _flush_one(path: str, refused: list[OSError]) -> None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        error.filename = path
        refused.append(error)


def _write_all(fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
