"""The tables of a state file as SQL; STRICT: SQLite enforces column types."""

from __future__ import annotations

from typing import Final, NamedTuple


class Schema(NamedTuple):
    """What a file of a kind holds: its number in the header, its version, its tables, and whose it is."""

    application: int
    version: int
    tables: str
    owner: str = "an emulated kernel of 2.6 or later"


APPLICATION: Final = 0x6B6D6F64  # "kmod", in the header of the file
VERSION: Final = 6
TABLES: Final = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE switch (name TEXT PRIMARY KEY, value INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE builtin (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE certificate (der BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE blob (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE behaviour (
    name TEXT PRIMARY KEY, init INTEGER, init_seconds REAL, exit_seconds REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE once (text TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE line (id INTEGER PRIMARY KEY AUTOINCREMENT, stamp REAL NOT NULL, level INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE uevent (id INTEGER PRIMARY KEY AUTOINCREMENT, stamp REAL NOT NULL, action TEXT NOT NULL,
    name TEXT NOT NULL, more TEXT NOT NULL
) STRICT;
CREATE TABLE module (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, state TEXT, taints INTEGER, refs INTEGER,
    init INTEGER, exit INTEGER, version TEXT, srcversion TEXT, import_ns TEXT,
    percpu INTEGER, percpu_size INTEGER, percpu_align INTEGER, until REAL, outcome INTEGER,
    assumed INTEGER, tail TEXT
) STRICT;
CREATE TABLE area (
    module INTEGER, at INTEGER, name TEXT NOT NULL, base INTEGER NOT NULL, size INTEGER NOT NULL,
    init INTEGER NOT NULL, freed INTEGER NOT NULL, bytes BLOB, PRIMARY KEY (module, at)
) STRICT;
CREATE TABLE section (
    module INTEGER, at INTEGER, name TEXT NOT NULL, area INTEGER NOT NULL, address INTEGER NOT NULL,
    size INTEGER NOT NULL, flags INTEGER NOT NULL, type INTEGER NOT NULL, align INTEGER NOT NULL,
    PRIMARY KEY (module, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE string (
    module INTEGER, address INTEGER, text BLOB, PRIMARY KEY (module, address)
) STRICT, WITHOUT ROWID;
CREATE TABLE given (module INTEGER, name TEXT, text BLOB, PRIMARY KEY (module, name)) STRICT, WITHOUT ROWID;
CREATE TABLE use (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER, used INTEGER, UNIQUE (used, user)
) STRICT;
CREATE TABLE export (
    name TEXT, owner INTEGER, gpl INTEGER, address INTEGER, crc INTEGER, namespace TEXT,
    PRIMARY KEY (name, owner, gpl)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (system TEXT, name TEXT, module INTEGER, PRIMARY KEY (system, name)) STRICT, WITHOUT ROWID;
CREATE TABLE gap (base INTEGER PRIMARY KEY, size INTEGER NOT NULL) STRICT;
CREATE INDEX export_owner ON export (owner, address);
CREATE INDEX module_until ON module (until) WHERE until IS NOT NULL;
"""
EMULATED: Final = Schema(APPLICATION, VERSION, TABLES)
