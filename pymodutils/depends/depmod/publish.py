"""All files of a database or none: written under other names, made durable, then renamed together."""

from __future__ import annotations

import errno
import os
import signal
from threading import Thread
from typing import TYPE_CHECKING, Final

from pymodutils import writer
from pymodutils.depends.depmod.files import Claim, clear, remove, temporary
from pymodutils.errors import ModutilsError, reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self
_WAITING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Publication:
    """New contents for the files ``names`` of a directory, which show only after ``commit``.

    As a context manager it leaves nothing behind on any exception, and takes away what a process that
    was killed has left. Raises ModutilsError for whatever the system refuses: a full disk, a read-only tree.
    """

    def __init__(self, directory: str, names: Iterable[str]) -> None:
        self.directory = directory
        self._pending = {name: f"{directory}/{temporary(name)}" for name in names}
        self._claim: Claim | None = None

    def __enter__(self) -> Self:
        if not os.path.isdir(self.directory):
            raise self._refused("", FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
        clear(self.directory)
        try:
            self._claim = Claim(self.directory)
        except OSError as error:
            raise self._refused("", error) from error
        return self

    def __exit__(self, *_: object) -> None:
        for path in self._pending.values():
            remove(path)
        self._pending = {}
        if self._claim:
            self._claim.release()

    def write(self, name: str, content: bytes) -> None:
        """Hand ``content`` to the system, to become the file ``name``."""
        path = self._pending[name]
        remove(path)  # left by a helper process that was killed
        try:
            fd = writer.create(path, writer.MODE)
            try:
                writer.write_all(fd, content)
            finally:
                os.close(fd)
        except OSError as error:
            raise self._refused(name, error) from error

    def commit(self) -> None:
        """Put everything on the disk, then give it its names in their order, durably.

        Signals wait from the first name to the last. If the system refuses in between, the rest stays:
        leftovers tell the next run that something is amiss.
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
    """Wait until all of ``paths`` are on the disk: at once, so that the file system commits them together.

    Where threads or descriptors are short, one after the other. Raises ModutilsError for the first that the
    system cannot write.
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
