"""Replace all files of a database or none: write under temporary names, flush, then rename together."""

from __future__ import annotations

import errno
import os
import signal
from threading import Thread
from typing import TYPE_CHECKING, Final

from pymodutils import writer
from pymodutils.depends.depmod.files import DirectoryLock, clear, remove, temporary
from pymodutils.errors import ModutilsError, reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self
_WAITING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Publication:
    """New contents for the files ``names`` of a directory, which become visible with ``commit``.

    As a context manager it removes its temporary files on an exception, and leftovers of killed processes.
    Raises ModutilsError on system errors such as a full disk or a read-only tree.
    """

    def __init__(self, directory: str, names: Iterable[str]) -> None:
        self.directory = directory
        self._pending = {name: f"{directory}/{temporary(name)}" for name in names}
        self._lock: DirectoryLock | None = None

    def __enter__(self) -> Self:
        if not os.path.isdir(self.directory):
            raise self._refused("", FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
        clear(self.directory)
        try:
            self._lock = DirectoryLock(self.directory)
        except OSError as error:
            raise self._refused("", error) from error
        return self

    def __exit__(self, *_: object) -> None:
        for path in self._pending.values():
            remove(path)
        self._pending = {}
        if self._lock:
            self._lock.release()

    def write(self, name: str, content: bytes) -> None:
        """Write ``content``, which becomes the file ``name``."""
        path = self._pending[name]
        remove(path)  # left by a killed helper process
        try:
            fd = writer.create(path, writer.MODE)
            try:
                writer.write_all(fd, content)
            finally:
                os.close(fd)
        except OSError as error:
            raise self._refused(name, error) from error

    def commit(self) -> None:
        """Flush everything to disk, then rename the files in order, durably.

        Signals are blocked during the renames. After an error in between, the temporary files remain, so
        that the next run detects the incomplete change.
        """
        _flush(list(self._pending.values()))
        waiting = signal.pthread_sigmask(signal.SIG_BLOCK, _WAITING)
        try:
            self._rename()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
        _flush([self.directory])

    def _rename(self) -> None:
        for name, path in list(self._pending.items()):
            try:
                os.rename(path, f"{self.directory}/{name}")
            except OSError as error:
                raise self._refused(name, error) from error
            self._pending = {}

    def _refused(self, name: str, error: OSError) -> ModutilsError:
        path = f"{self.directory}/{name}" if name else self.directory
        return ModutilsError(path, f"could not write {path}: {reason(error)}", error.errno)


def _flush(paths: list[str]) -> None:
    """Flush all of ``paths`` to disk concurrently, so that the file system commits them together.

    Without enough threads or descriptors, one after the other. Raises ModutilsError for the first failure.
    """
    refused: dict[str, OSError] = {}
    threads = [Thread(target=_flush_one, args=(path, refused)) for path in paths]
    started = [thread for thread in threads if _is_started(thread)]
    for thread in started:
        thread.join()
    again = paths[len(started) :] + [
        path for path, error in refused.items() if error.errno in (errno.EMFILE, errno.ENFILE)
    ]
    for path in again:
        refused.pop(path, None)
        _flush_one(path, refused)
    for path, error in refused.items():
        raise ModutilsError(path, f"could not write {path}: {reason(error)}", error.errno)


def _is_started(thread: Thread) -> bool:
    try:
        thread.start()
    except RuntimeError:  # can't start new thread
        return False
    return True


def _flush_one(path: str, refused: dict[str, OSError]) -> None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        refused[path] = error
