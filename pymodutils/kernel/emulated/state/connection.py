"""A connection to SQLite: waits in slices, so that signals are handled, and errors as BadState."""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pymodutils.errors import BadState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

PATIENCE: Final = 600  # seconds to wait for another process's transaction
SLICE: Final = 0.2  # seconds of a single wait in SQLite
COMPLAINTS: Final = (sqlite3.DatabaseError, UnicodeError, OverflowError)


class Connection:
    """A connection to the database in the file ``path``."""

    def __init__(self, path: str) -> None:
        self.path, self._connection = path, _connect(path)

    def execute(self, statement: str, *values: Any) -> list[Any]:
        """The rows that ``statement`` gives; raises BadState, its transaction may be gone."""
        try:
            return self._connection.execute(statement, list(map(_plain, values))).fetchall()
        except COMPLAINTS as error:
            raise _complaint(self.path, error) from None

    def insert(self, statement: str, *values: Any) -> int:
        """Execute ``statement``; the number of the new row. Raises as ``execute``."""
        try:
            return self._connection.execute(statement, list(map(_plain, values))).lastrowid or 0
        except COMPLAINTS as error:
            raise _complaint(self.path, error) from None

    @contextmanager
    def blob(self, table: str, column: str, row: int) -> Iterator[sqlite3.Blob]:
        """The bytes in one ``column`` of one ``row``, read and written in pieces; raises as ``execute``."""
        with self.told(), self._connection.blobopen(table, column, row) as opened:
            yield opened

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute ``statement`` for each of ``rows``; raises as ``execute``."""
        given = list(rows)
        with self.told():
            plain = all(map(_is_plain, zip(*given, strict=True)))
            self._connection.executemany(statement, given if plain else map(_plain_row, given))

    def told(self) -> AbstractContextManager[None]:
        """Convert SQLite's errors to BadState."""
        return told(self.path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _write(self, path: str) -> None:
        """Write this database to the file ``path``, or over it; raises BadState."""
        with told(path):
            try:
                self._copy(path)
            except sqlite3.OperationalError:  # a fault of the disk, not of the file
                raise
            except sqlite3.DatabaseError:
                _remove(path)
                self._copy(path)

    def _copy(self, path: str) -> None:
        target = _connect(path)
        try:
            self._connection.backup(target, progress=_Patience().step, sleep=SLICE)
        finally:
            target.close()

    def _pragma(self, name: str) -> int:
        return int(self._patiently(f"PRAGMA {name}").fetchone()[0])

    def _patiently(self, statement: str) -> sqlite3.Cursor:
        """Execute ``statement``, waiting for other processes if necessary."""
        return _patiently(self._connection, statement)


def _patiently(connection: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
    patience = _Patience()
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # above are its varieties
                raise
            patience.step()


class _Patience:
    """A wait split into short ones, so that signals are handled, which SQLite prevents."""

    def __init__(self) -> None:
        self.until = time.monotonic() + PATIENCE

    def step(self, *_: int) -> None:
        """Continue waiting, or raise OperationalError after the limit."""
        if time.monotonic() > self.until:
            raise sqlite3.OperationalError(f"another process has not let go of it for {PATIENCE} seconds")


def _remove(path: str) -> None:
    for left in (path, f"{path}-journal"):
        if os.path.exists(left):
            os.unlink(left)


@contextmanager
def told(path: str) -> Iterator[None]:
    """Convert SQLite's errors about the file ``path`` to BadState."""
    try:
        yield
    except COMPLAINTS as error:
        raise _complaint(path, error) from None


def _complaint(path: str, error: Exception) -> BadState:
    code = errno.ENOSPC if "disk is full" in str(error) else errno.EIO
    return BadState(path, f"{path}: {_words(path, error)}", code)


def _plain(value: Any) -> Any:
    """``value`` for SQLite: text with any bytes as one character per byte."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


def _plain_row(values: Sequence[Any]) -> Sequence[Any]:
    """``values`` for SQLite."""
    return list(map(_plain, values))


def _is_plain(column: Sequence[Any]) -> bool:
    """Whether no value of ``column`` has to be changed."""
    return "".join([value for value in column if type(value) is str]).isascii()


def _text(data: bytes) -> str:
    """The inverse of ``_plain`` for text."""
    text = data.decode()
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=SLICE, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    _patiently(connection, "PRAGMA synchronous = OFF")  # safe against a kill, but not against a power failure
    return connection


def _words(path: str, error: Exception) -> str:
    text = str(error).partition("\n")[0]
    if "unable to open" in text:
        return _unopened(path)
    if "malformed" in text or "not a database" in text or isinstance(error, UnicodeError):
        return f"the file is damaged ({text}): boot it again with 'pymodutils kernel boot'"
    return text


def _unopened(path: str) -> str:
    """Why the file ``path`` could not be opened or made, which SQLite does not tell."""
    folder = os.path.dirname(path) or "."
    if os.path.isdir(path):
        return "it is a directory: name a file"
    if not os.path.isdir(folder):
        return f"there is no directory {folder}: make it first"
    return f"could not open it: check the permissions of the file and of {folder}"
