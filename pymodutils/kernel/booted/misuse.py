"""Findings of checks, recorded by address, and their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.kernel.booted.host import Host


class Misuse(NamedTuple):
    """A misuse: ``what``, and ``where`` each occurred; ``got`` is the verb for that."""

    what: str
    where: str
    allocated: str
    freed: str = ""
    got: str = "allocated"

    def __str__(self) -> str:
        told = f"{self.what} at {self.where}" if self.where else self.what
        freed = f", freed at {self.freed}" if self.freed else ""
        return f"{told}; {self.got} at {self.allocated}{freed}" if self.allocated else told


class Note(NamedTuple):
    """A misuse by addresses: of the code, and of the calls that allocated and freed."""

    kind: str
    what: str
    places: tuple[int, int, int]
    got: str = "allocated"


class Misused(ModutilsError):
    """The error of a test: all of ``found``."""

    def __init__(self, found: list[Misuse]) -> None:
        super().__init__("memory", "\n".join(map(str, found)))
        self.found = found


class Notes:
    """All notes, the first of each kind at each place."""

    def __init__(self) -> None:
        self.noted: dict[tuple[str, int], Note] = {}

    def add(self, note: Note, at: int) -> None:
        """Keep ``note``, unless there is one of its kind about ``at``."""
        self.noted.setdefault((note.kind, at), note)

    def found(self, kernel: Host) -> list[Misuse]:
        """What was found, as text; the same at the same places once."""
        return named(self.noted.values(), kernel)


def named(notes: Iterable[Note], kernel: Host) -> list[Misuse]:
    """``notes`` as text; the same at the same places once."""
    once: dict[tuple[str, ...], Misuse] = {}
    for it in notes:
        names = [kernel.name(place) if place else "" for place in it.places]
        once.setdefault((it.kind, *names), Misuse(it.what, names[0], names[1], names[2], it.got))
    return list(once.values())


def byte_count(count: int) -> str:
    """The words "1 byte" or "N bytes"."""
    return f"{count} byte" if count == 1 else f"{count} bytes"
