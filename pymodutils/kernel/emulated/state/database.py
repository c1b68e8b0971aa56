"""The state file of an emulated kernel: SQLite, one transaction per operation.

A killed process leaves the state before its transaction; a second process waits for the first.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from pymodutils.errors import BadState
from pymodutils.kernel.emulated.state.schema import EMULATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from pymodutils.kernel.emulated.state.schema import Schema

MEMORY: Final = ":memory:"  # for a path
PATIENCE: Final = 600  # seconds to wait for another process's transaction
SLICE: Final = 0.2  # seconds of a single wait in SQLite
HALF: Final = 1 << 63
COMPLAINTS: Final = (sqlite3.DatabaseError, UnicodeError, OverflowError)
OUTERMOST: Final = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
NESTED: Final = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))


def signed(address: int) -> int:
    """``address`` as a signed 64-bit integer for SQLite."""
    return (address ^ HALF) - HALF


def unsigned(number: int) -> int:
    """The address for an integer from SQLite."""
    return number & (HALF << 1) - 1


class StateFile:
    """A state file, or a database in memory."""

    def __init__(self, path: str, connection: sqlite3.Connection, schema: Schema) -> None:
        self.path, self._connection, self.schema = path, connection, schema
        self._boot = 0

    @classmethod
    def create(cls, schema: Schema = EMULATED) -> Self:
        """Empty tables in memory."""
        store = cls(MEMORY, _connect(MEMORY), schema)
        store._connection.executescript(
            f"PRAGMA application_id = {schema.application}; PRAGMA user_version = {schema.version};"
            f" {schema.tables}"
        )
        store._boot = store._pragma("schema_version")
        return store

    def replace(self, path: str) -> Self:
        """Write this database to the file ``path`` and open that; raises BadState if it cannot be written.

        This is a transaction of the existing file: a kill leaves the old or the new one. A file that is not a
        database is removed.
        """
        with _told(path):
            try:
                self._copy(path)
            except sqlite3.OperationalError:  # a fault of the disk, not of the file
                raise
            except sqlite3.DatabaseError:
                _remove(path)
                self._copy(path)
        return self.open(path, self.schema)

    def _copy(self, path: str) -> None:
        target = _connect(path)
        try:
            self._connection.backup(target, progress=_Patience().step, sleep=SLICE)
        finally:
            target.close()

    @classmethod
    def open(cls, path: str, schema: Schema = EMULATED) -> Self:
        """The file ``path``; raises BadState if it is missing, damaged, foreign, or of another version."""
        if not os.path.isfile(path):
            raise _absent(path)
        with _told(path):
            store = cls(path, _connect(path), schema)
            names = ("application_id", "user_version", "schema_version")
            application, version, store._boot = map(store._pragma, names)
        if not store._boot and not os.path.getsize(path):  # the first boot is not finished
            raise _absent(path)
        if application != schema.application:
            raise BadState(path, f"{path}: this is not the file of {schema.owner}")
        if version != schema.version:
            again = "boot it again with 'pymodutils kernel boot'"
            known = schema.version
            raise BadState(path, f"{path}: its format is version {version}, known is {known}: {again}")
        store._check_tables()
        return store

    def _check_tables(self) -> None:
        """Raise BadState if the tables differ from the schema, since untyped columns accept anything."""
        with self.told():
            found = {row[0] for row in self.execute("SELECT sql FROM sqlite_master WHERE sql LIKE 'CREATE%'")}
        if not found >= set(self.schema.tables.strip().rstrip(";").split(";\n")):
            again = "boot it again with 'pymodutils kernel boot'"
            raise BadState(self.path, f"{self.path}: its tables were changed: {again}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction; waits for those of other processes."""
        with self.told():
            commit, rollback = self._begin()
            try:
                self._same_kernel()
                yield
                self._patiently(commit)
            except BaseException:
                if self._connection.in_transaction:
                    self._take_back(rollback)
                raise

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo all changes at the end of the block; transactions within it see each other's changes."""
        with self.told():
            _, rollback = self._begin()
            try:
                self._same_kernel()
                yield
            finally:
                self._take_back(rollback)

    def _begin(self) -> tuple[str, Sequence[str]]:
        """Begin a transaction; return the statements to commit and to roll back."""
        begin, commit, rollback = NESTED if self._connection.in_transaction else OUTERMOST
        self._patiently(begin)
        return commit, rollback

    def _same_kernel(self) -> None:
        """Raise ESTALE if another kernel has been booted in this file."""
        if self._pragma("schema_version") != self._boot:  # changes whenever the file is replaced
            again = "another kernel has been booted in it"
            raise BadState(self.path, f"{self.path}: {again}", errno.ESTALE)

    def _pragma(self, name: str) -> int:
        return int(self._patiently(f"PRAGMA {name}").fetchone()[0])

    def _patiently(self, statement: str) -> sqlite3.Cursor:
        """Execute ``statement``, waiting for other processes if necessary."""
        return _patiently(self._connection, statement)

    def _take_back(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self._connection.execute(statement)

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
        with self.told():
            self._connection.executemany(statement, map(_plain_row, rows))

    def told(self) -> AbstractContextManager[None]:
        """Convert SQLite's errors to BadState."""
        return _told(self.path)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


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


def _absent(path: str) -> BadState:
    why = "there is no emulated kernel: make one with 'pymodutils kernel boot'"
    return BadState(path, f"{path}: {why}", errno.ENOENT)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except COMPLAINTS as error:
        raise _complaint(path, error) from None


def _complaint(path: str, error: Exception) -> BadState:
    code = errno.ENOSPC if "disk is full" in str(error) else errno.EIO
    return BadState(path, f"{path}: {_words(error)}", code)


def _plain(value: Any) -> Any:
    """``value`` for SQLite: text with any bytes as one character per byte."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


def _plain_row(values: Sequence[Any]) -> Sequence[Any]:
    """``values`` for SQLite: few rows have to be changed."""
    texts = [value for value in values if type(value) is str]
    return values if all(map(str.isascii, texts)) else list(map(_plain, values))


def _text(data: bytes) -> str:
    """The inverse of ``_plain`` for text."""
    text = data.decode()
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=SLICE, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    _patiently(connection, "PRAGMA synchronous = OFF")  # safe against a kill, but not against a power failure
    return connection


def _words(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    if "malformed" in text or "not a database" in text or isinstance(error, UnicodeError):
        return f"the file is damaged ({text}): boot it again with 'pymodutils kernel boot'"
    return text
