"""What is in the file of an emulated kernel, in SQLite's words."""

from __future__ import annotations

from typing import Final

APPLICATION: Final = 0x6B6D6F64  # "kmod", in the header of the file
VERSION: Final = 2
TABLES: Final = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE switch (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
CREATE TABLE builtin (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE certificate (der BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE behaviour (
    name TEXT PRIMARY KEY, init INTEGER, init_seconds REAL, exit_seconds REAL
) WITHOUT ROWID;
CREATE TABLE once (text TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE line (id INTEGER PRIMARY KEY AUTOINCREMENT, stamp REAL, level INTEGER, text TEXT);
CREATE TABLE uevent (id INTEGER PRIMARY KEY AUTOINCREMENT, stamp REAL, action TEXT, name TEXT, more TEXT);
CREATE TABLE module (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, state TEXT, taints INTEGER, refs INTEGER,
    init INTEGER, exit INTEGER, version TEXT, srcversion TEXT, percpu INTEGER, percpu_size INTEGER,
    percpu_align INTEGER, until REAL, outcome INTEGER, tail TEXT
);
CREATE TABLE area (
    module INTEGER, at INTEGER, name TEXT, base INTEGER, size INTEGER, init INTEGER, freed INTEGER,
    bytes BLOB, PRIMARY KEY (module, at)
);
CREATE TABLE section (
    module INTEGER, at INTEGER, name TEXT, area INTEGER, address INTEGER, size INTEGER, flags INTEGER,
    type INTEGER, align INTEGER, PRIMARY KEY (module, at)
) WITHOUT ROWID;
CREATE TABLE string (
    module INTEGER, address INTEGER, text BLOB, PRIMARY KEY (module, address)
) WITHOUT ROWID;
CREATE TABLE given (module INTEGER, name TEXT, text BLOB, PRIMARY KEY (module, name)) WITHOUT ROWID;
CREATE TABLE use (id INTEGER PRIMARY KEY AUTOINCREMENT, user INTEGER, used INTEGER, UNIQUE (used, user));
CREATE TABLE export (
    name TEXT, owner INTEGER, gpl INTEGER, address INTEGER, crc INTEGER, namespace TEXT,
    PRIMARY KEY (name, owner, gpl)
) WITHOUT ROWID;
CREATE TABLE gap (base INTEGER PRIMARY KEY, size INTEGER);
CREATE INDEX export_owner ON export (owner, address);
CREATE INDEX module_until ON module (until) WHERE until IS NOT NULL;
"""
