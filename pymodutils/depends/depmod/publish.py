"""All files of a database or none: written under other names, made durable, then renamed together."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Iterable
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
        """Put ``content`` on the disk, to become the file ``name``."""
        temporary = self._pending[name]
        _remove(temporary)  # left by a process that was killed and had our number
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            try:
                _write_all(fd, content)
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise self._refused(name, error) from error

    def commit(self) -> None:
        """Give everything its name, durably."""
        name = ""
        try:
            for name, temporary in list(self._pending.items()):
                os.rename(temporary, f"{self.directory}/{name}")
                del self._pending[name]
            fd = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise self._refused(name, error) from error

    def _listing(self) -> list[str]:
        try:
            return os.listdir(self.directory)
        except OSError as error:
            raise self._refused("", error) from error

    def _refused(self, name: str, error: OSError) -> ModutilsError:
        path = f"{self.directory}/{name}"
        return ModutilsError(path, f"could not write {path}: {error.strerror}", error.errno)


def _write_all(fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
