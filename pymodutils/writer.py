"""Write output files atomically; devices, FIFOs and descriptors are written in place."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from pymodutils import flock
from pymodutils.errors import ModutilsError, reason

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX: Final = ".pymodutils-new"  # suffix of a file being written
THROUGH: Final = ("/dev/", "/proc/")  # links below it refer to descriptors, whose files must not be replaced
HEXADECIMAL: Final = frozenset("0123456789abcdef")
MODE: Final = 0o644


def save(path: str, data: bytes, *, mode: int | None = None, flush: bool = True) -> None:
    """Write ``data`` to ``path``; a regular file is replaced atomically, through links, or unchanged.

    Its permissions are ``mode``, else those of the existing file, else MODE. Raises ModutilsError.
    Without ``flush``, a crash of the machine may leave a damaged file: for caches with a checksum.
    SIGTERM, SIGHUP and SIGINT are blocked until the file is written; leftovers of SIGKILL are removed by the
    next save to the same path.
    """
    try:
        if _is_special(path):
            with open(path, "wb") as file:
                file.write(data)
        else:
            _replace(os.path.realpath(path) if path else path, data, mode, flush=flush)
    except OSError as error:
        raise ModutilsError(path, f"could not write {path}: {reason(error)}", error.errno) from None


def _is_special(path: str) -> bool:
    """Whether ``path`` is not a regular file, or names a descriptor."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) or os.path.abspath(path).startswith(THROUGH)


def _replace(place: str, data: bytes, mode: int | None, *, flush: bool) -> None:
    import signal  # noqa: PLC0415 -- few commands write files

    held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGHUP, signal.SIGINT))
    try:
        folder, name = os.path.split(place)
        for left in _left_over(folder, f"{name}."):
            os.unlink(left)
        new = f"{place}.{os.urandom(4).hex()}{SUFFIX}"
        number = create(new)
        try:
            _fill(number, data, _mode(place) if mode is None else mode)
            if flush:
                os.fsync(number)
            os.rename(new, place)
        except BaseException:
            os.unlink(new)
            raise
        finally:
            os.close(number)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _fill(number: int, data: bytes, mode: int) -> None:
    import fcntl  # noqa: PLC0415 -- see above

    fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)  # tells other processes that its writer is alive
    write_all(number, data)
    os.fchmod(number, mode)


def create(path: str, mode: int = 0o600) -> int:
    """A descriptor of the new file ``path``, accessible to its owner only; raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, mode)


def write_all(number: int, data: bytes) -> None:
    """Write all of ``data``, despite short writes; raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(number, rest) :]


def _mode(place: str) -> int:
    """The permissions of the replaced file, or of a new one."""
    try:
        return stat.S_IMODE(os.stat(place).st_mode)
    except FileNotFoundError:
        return MODE


def clear(folder: str) -> None:
    """Remove leftovers of killed writers in ``folder``, as far as possible."""
    try:
        for left in _left_over(folder):
            os.unlink(left)
    except OSError:
        pass


def _left_over(folder: str, start: str = "") -> Iterator[str]:
    """Leftovers of killed writers in ``folder`` with the prefix ``start``: no process holds their lock."""
    paths = [os.path.join(folder, entry) for entry in os.listdir(folder) if _is_ours(entry, start)]
    for path, _ in flock.unlocked(paths, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK):
        yield path


def _is_ours(entry: str, start: str) -> bool:
    middle = entry.removeprefix(start).removesuffix(SUFFIX)
    random = middle if start else middle.rpartition(".")[2]
    return entry == f"{start}{middle}{SUFFIX}" and HEXADECIMAL.issuperset(random)
