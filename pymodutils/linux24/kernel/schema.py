"""The tables in the file of an emulated 2.4 kernel."""

from __future__ import annotations

from typing import Final

from pymodutils.kernel.emulated.state.schema import Schema

LINUX24: Final = Schema(
    application=0x6B6D3234,  # "km24"
    version=1,
    owner="an emulated kernel of 2.4",
    tables="""
CREATE TABLE setting (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE behaviour (name TEXT PRIMARY KEY, init INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE line (id INTEGER PRIMARY KEY AUTOINCREMENT, stamp REAL NOT NULL, level INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE TABLE symbol (id INTEGER PRIMARY KEY AUTOINCREMENT, value INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE module (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, base INTEGER NOT NULL, memory BLOB NOT NULL,
    given BLOB
) STRICT;
""",
)
