"""Look up configuration lines by the names that their patterns match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

from pymodutils.libc import matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.depends.config import Alias, Command, Softdep

Line = TypeVar("Line", bound="Alias | Command | Softdep")

SPECIAL: Final = "*?[\\"


class ByPattern(Generic[Line]):
    """``lines`` in order; indexed at the first lookup."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._literal: dict[str, list[int]] | None = None  # pattern without wildcards -> lines
        self._wild: list[tuple[str, int]] = []

    def all(self, name: str) -> list[Line]:
        """The lines whose pattern matches ``name``, in order."""
        literal = self._sorted() if self._literal is None else self._literal
        wild = [at for pattern, at in self._wild if matches(pattern, name)]
        return [self._lines[at] for at in sorted(wild + literal.get(name, []))]

    def first(self, name: str) -> Line | None:
        """The first line whose pattern matches ``name``."""
        return next(iter(self.all(name)), None)

    def _sorted(self) -> dict[str, list[int]]:
        self._literal = {}
        for at, line in enumerate(self._lines):
            if any(character in line.pattern for character in SPECIAL):
                self._wild.append((line.pattern, at))
            else:
                self._literal.setdefault(line.pattern, []).append(at)
        return self._literal
