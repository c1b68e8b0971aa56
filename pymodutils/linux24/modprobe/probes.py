"""The lines probe and probeall of modules.conf: lists of modules under one name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.linux24.conf.config import ModulesConf

KEYWORDS: Final = ("probe", "probeall")


class ProbeList(NamedTuple):
    """A list: ``every`` module of it is wanted, not only the first that can be loaded."""

    words: list[str]
    every: bool


class ProbeLists:
    """The lists of ``config``, and those being expanded, since lists may be nested."""

    def __init__(self, config: ModulesConf) -> None:
        self.config = config
        self._at_work: list[str] = []

    @contextmanager
    def opened(self, name: str) -> Iterator[ProbeList | None]:
        """The list ``name``, marked as being expanded within the block; None if there is none.

        Raises ModutilsError for a recursive list.
        """
        word = next((word for word in KEYWORDS if name in self.config.lists[word]), "")
        if not word:
            yield None
            return
        if name in self._at_work:
            way = " -> ".join([*self._at_work[self._at_work.index(name) :], name])
            raise ModutilsError(name, f"{self.config.file}: {word} {name} leads back to itself: {way}")
        self._at_work.append(name)
        try:
            yield ProbeList(self.config.lists[word][name], word == "probeall")
        finally:
            self._at_work.pop()
