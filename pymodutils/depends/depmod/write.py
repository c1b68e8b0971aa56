"""Write the database, print it, or compare it with the existing files."""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.depends.depmod import emit, publish
from pymodutils.depends.depmod.files import leftovers, renamed
from pymodutils.depends.depmod.files import names as names_of
from pymodutils.depends.depmod.scan import FEW
from pymodutils.depends.depmod.team import Team, reap
from pymodutils.errors import ModutilsError
from pymodutils.log import Log
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pymodutils.depends.depmod.emit import IndexContents, IndexEntry
    from pymodutils.depends.depmod.job import Job

    Messages = list[tuple[int, str]]  # messages: level and text

SHOWN: Final = ("dep", "alias", "softdep", "weakdep", "symbols", "devname")  # in the order of -n
DEPENDENCIES: Final = ("modules.dep", "modules.dep.bin")
LONGEST_FIRST: Final = (  # the files without dependencies, by the time that they take
    "modules.alias.bin",
    "modules.symbols.bin",
    "modules.symbols",
    "modules.alias",
    "modules.builtin.bin",
    "modules.builtin.alias.bin",
    "modules.devname",
    "modules.softdep",
    "modules.weakdep",
)
TEXTS: Final[Mapping[str, Callable[[IndexContents], bytes]]] = {
    "modules.dep": emit.dep,
    "modules.alias": emit.alias,
    "modules.softdep": emit.softdep,
    "modules.weakdep": emit.weakdep,
    "modules.symbols": emit.symbols,
}
INDEXES: Final[Mapping[str, tuple[str, Callable[[IndexContents, Log], Iterable[IndexEntry]]]]] = {
    "modules.dep.bin": ("deps", lambda database, _: emit.dep_entries(database)),
    "modules.alias.bin": ("alias", emit.alias_entries),
    "modules.symbols.bin": (emit.SYMBOLS, lambda database, _: emit.symbol_entries(database)),
}
BUILTINS: Final[Mapping[str, tuple[str, Callable[[bytes, Log], Iterable[IndexEntry]]]]] = {
    "modules.builtin.bin": ("modules.builtin", emit.builtin_entries),
    "modules.builtin.alias.bin": ("modules.builtin.modinfo", emit.builtin_alias_entries),
}


class Recorder(Log):
    """A log that buffers messages."""

    def __init__(self) -> None:
        super().__init__("depmod")
        self.kept: Messages = []

    def say(self, level: int, text: str) -> None:
        """Keep ``text``."""
        self.kept.append((level, text))


def show(database: IndexContents, job: Job, log: Log) -> Iterator[bytes]:
    """Print the text files as with -n."""
    wanted = names_of(job.compat)
    for name in (f"modules.{part}" for part in SHOWN):
        if name in wanted:
            yield content(name, database, job, log)


def content(name: str, database: IndexContents, job: Job, log: Log) -> bytes:
    """The contents of the file ``name``."""
    if name in TEXTS:
        return TEXTS[name](database)
    if name == "modules.devname":
        return emit.devname(database, log)
    if name in BUILTINS:
        source, entries = BUILTINS[name]
        given = _read(job, source, log)
        return b"" if given is None else emit.index("", entries(given, log), job, log)
    what, of_modules = INDEXES[name]
    return emit.index(what, of_modules(database, log), job, log)


def _read(job: Job, name: str, log: Log) -> bytes | None:
    try:
        with open(job.root.follow(f"{job.top}/{name}"), "rb", opener=opener) as file:
            return file.read()
    except OSError as error:
        log.warning(f"could not open {name} at {job.top}: {error.strerror}")
        return None


def write(known: IndexContents, complete: Callable[[], IndexContents], job: Job, log: Log) -> None:
    """Write all files of the database or none; raises ModutilsError on system errors.

    Other processes write files that need only ``known``, which has no dependencies, while this one
    generates the ``complete`` database.
    """
    names = names_of(job.compat)
    with publish.Publication(job.out, renamed(job.compat)) as files:
        messages: dict[str, Messages] = {}
        shared = [name for name in LONGEST_FIRST if name in names]
        others = len(shared) if len(known.modules) > FEW else 0
        with Team(lambda task: _written(shared[task], known, job, files), len(shared), others) as team:
            database = complete()
            for name in chain(DEPENDENCIES, map(shared.__getitem__, team.taken())):
                messages.update([_written(name, database, job, files)])
            messages.update(team.rest())
        for name in names:
            if name not in messages:  # taken by a process that died
                messages.update([_written(name, database, job, files)])
            for level, text in messages[name]:
                log.say(level, text)
        files.commit()
    reap()


def _written(
    name: str, database: IndexContents, job: Job, files: publish.Publication
) -> tuple[str, Messages]:
    """Write this file under its temporary name; return its name and the messages about it."""
    recorder = Recorder()
    files.write(name, content(name, database, job, recorder))
    return name, recorder.kept


class Stale(NamedTuple):
    """A file of the database that is missing or out of date."""

    file: str
    why: str


def stale(database: IndexContents, job: Job, log: Log) -> Iterator[Stale]:
    """The files of the database that are missing or out of date, and why."""
    for path in leftovers(job.out):
        yield Stale(path, "left by a depmod that was killed")
    for name in names_of(job.compat):
        wanted = content(name, database, job, log)
        try:
            with open(f"{job.out}/{name}", "rb", opener=opener) as file:
                if file.read() != wanted:
                    yield Stale(f"{job.out}/{name}", "out of date")
        except OSError as error:
            yield Stale(f"{job.out}/{name}", error.strerror or "cannot be read")


def make_room(job: Job) -> None:
    """Create the output directory and its parents; raises ModutilsError."""
    try:
        os.makedirs(job.out, exist_ok=True)
    except OSError as error:
        raise ModutilsError(job.out, f"could not create directory {job.out}: {error.strerror}") from None
