"""The state file of an emulated kernel: SQLite, one transaction per operation.

A killed process leaves the state before its transaction; a second process waits for the first.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from pymodutils.errors import BadState
from pymodutils.kernel.emulated.state.connection import Connection, told
from pymodutils.kernel.emulated.state.schema import EMULATED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.kernel.emulated.state.schema import Schema

MEMORY: Final = ":memory:"  # for a path
PAGE: Final = 16 << 10  # bytes: large values take fewer system calls than with the default of 4 KiB
HALF: Final = 1 << 63
OUTERMOST: Final = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
NESTED: Final = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))


def signed(address: int) -> int:
    """``address`` as a signed 64-bit integer for SQLite."""
    return (address ^ HALF) - HALF


def unsigned(number: int) -> int:
    """The address for an integer from SQLite."""
    return number & (HALF << 1) - 1


class StateFile(Connection):
    """A state file, or a database in memory."""

    def __init__(self, path: str, schema: Schema) -> None:
        super().__init__(path)
        self.schema = schema
        self._boot = 0

    @classmethod
    def create(cls, schema: Schema = EMULATED) -> Self:
        """Empty tables in memory."""
        store = cls(MEMORY, schema)
        store._connection.executescript(
            f"PRAGMA page_size = {PAGE}; PRAGMA application_id = {schema.application};"
            f" PRAGMA user_version = {schema.version}; {schema.tables}"
        )
        store._boot = store._pragma("schema_version")
        return store

    def replace(self, path: str) -> Self:
        """Write this database to the file ``path`` and open that; raises BadState if it cannot be written.

        This is a transaction of the existing file: a kill leaves the old or the new one. A file that is not a
        database is removed.
        """
        self._write(path)
        return self.open(path, self.schema)

    @classmethod
    def open(cls, path: str, schema: Schema = EMULATED) -> Self:
        """The file ``path``; raises BadState if it is missing, damaged, foreign, or of another version."""
        if not os.path.isfile(path):
            raise _absent(path)
        with told(path):
            store = cls(path, schema)
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

    def _take_back(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self._connection.execute(statement)


def _absent(path: str) -> BadState:
    why = "there is no emulated kernel: make one with 'pymodutils kernel boot'"
    return BadState(path, f"{path}: {why}", errno.ENOENT)
