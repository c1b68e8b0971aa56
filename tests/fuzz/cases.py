"""Mutants of a kind of input, and the folder of valid files around them."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from pymodutils.kernel import saved
from tests.fuzz import seeds
from tests.fuzz.mutate import NASTY, mutant
from tests.fuzz.subjects import COMMAND_LINE, FORMATS, MODULES, RELEASE, WORDS, Subject
from tests.kernel.emulated.modules import description, module
from tests.linux24.vectors import file


def folder(where: Path, states: Mapping[str, bytes] = {}) -> Path:
    """A folder of valid files for a run: a machine below root, and files, ``states`` among them."""
    for name in (
        "home",
        "tmp",
        "files",
        f"{MODULES}/kernel",
        "root/etc/modprobe.d",
        "root/etc/depmod.d",
        "root/proc",
    ):
        (where / name).mkdir(parents=True)
    (where / "root/proc/sys/kernel").mkdir(parents=True)
    (where / "root/proc/sys/kernel/osrelease").write_text(RELEASE + "\n")
    (where / "root/proc/modules").touch()
    for name, data in seeds.indexes().items():
        (where / MODULES / name).write_bytes(data)
    for name, data in seeds.modules().items():
        (where / MODULES / "kernel" / name).write_bytes(data)
    (where / "files/good.ko").write_bytes(module())
    (where / "files/good.json").write_text(saved.dumps(description()))
    files = {**seeds.modules24(), "ksyms": file("i386.ksyms"), "modules.conf": seeds.MODULES_CONF, **states}
    for name, data in files.items():
        (where / "files" / name).write_bytes(data)
    (where / "files/modules.dep.24").write_text("./base.o:\n\n./user.o:\t./base.o\n\n")
    return where


class Case(NamedTuple):
    """A mutant, its path, and the command line that reads it."""

    place: str
    data: bytes
    words: list[str]


def case(subject: Subject, number: int) -> Case:
    """Case ``number`` of ``subject``."""
    chance = random.Random(number)  # noqa: S311 -- cases, not secrets
    name = chance.choice(sorted(subject.seeds))
    line = chance.choice(subject.lines).replace("FORMAT", chance.choice(FORMATS))
    words = line.replace("{}", name).split() + (
        chance.sample(WORDS, 3) if subject.place == COMMAND_LINE else []
    )
    return Case(subject.place.format(name), mutant(subject.seeds[name], number), words)


def edit_rows(path: Path, number: int) -> None:
    """Set a column of a table of the database ``path`` to an invalid value."""
    chance = random.Random(number)  # noqa: S311 -- cases, not secrets
    with closing(sqlite3.connect(path)) as database, database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = chance.choice(sorted(tables))
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        values = (*NASTY[:-2], -1, None, "", "\udc80".encode("utf-8", "surrogatepass"), "[]", "{", 1.5)
        try:
            database.execute(f"UPDATE {table} SET {chance.choice(columns)} = ?", [chance.choice(values)])
        except sqlite3.IntegrityError:
            pass
