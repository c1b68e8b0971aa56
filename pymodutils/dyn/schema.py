"""The tables in the file of an emulated kernel whose modules are shared objects."""

from __future__ import annotations

from typing import Final

from pymodutils.kernel.emulated.state.schema import Schema

DYN: Final = Schema(
    application=0x6B6D3235,  # "km25"
    version=1,
    owner="an emulated kernel of 2.5",
    tables="""
CREATE TABLE setting (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE line (id INTEGER PRIMARY KEY AUTOINCREMENT, level INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE symbol (id INTEGER PRIMARY KEY AUTOINCREMENT, value INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE module (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, base INTEGER NOT NULL, memory BLOB NOT NULL,
    given BLOB NOT NULL, uses TEXT NOT NULL
) STRICT;
""",
)
