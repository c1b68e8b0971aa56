"""The cache of a run: valid facts of an earlier run, and facts to keep for the next one."""

from __future__ import annotations

import os
import time
from array import array
from typing import TYPE_CHECKING, Final
from zlib import crc32

from pymodutils.depends.depmod import cache_file
from pymodutils.depends.depmod.cache_file import FIELDS, STAMP, Contents
from pymodutils.depends.depmod.files import names
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.depends.depmod.config import DepmodConfig
    from pymodutils.depends.depmod.job import Job
    from pymodutils.elf.facts import Facts

INPUTS: Final = ("modules.order", "modules.builtin", "modules.builtin.modinfo")


class Cache:
    """The cache of a job for its module files ``paths``; empty and not saved without a cache file."""

    def __init__(self, job: Job, config: DepmodConfig, paths: Sequence[str]) -> None:
        self.file = job.cache
        self.paths, self._version = paths, job.version
        self.since = time.time_ns()
        if not self.file:
            self._old = None
            return
        self._written = [f"{job.out}/{name}" for name in names(job.compat)]
        self._files = [job.root.follow(path) for path in paths]
        self._stamps = cache_file.stamps(self._files)
        self._listed = os.fsencode("".join([path + "\0" for path in paths]))
        self._settings = _settings(job, config)
        old = cache_file.load(self.file, job.version, whole=False)
        self._old = old if old and cache_file.is_trusted(job.top) else None
        self._known: dict[bytes, tuple[int, Facts]] = {}

    def is_current(self) -> bool:
        """Whether neither the inputs nor the files of the database have changed."""
        old = self._old
        return bool(
            old
            and old.stamps == self._stamps
            and old.paths == self._listed
            and cache_file.settled(self._stamps, old.since)
            and self.is_written()
        )

    def is_written(self) -> bool:
        """Whether the files of the database are from the earlier run, with the same settings."""
        old = self._old
        if not old or not old.outputs or old.settings != self._settings:
            return False
        now = cache_file.stamps(self._written)
        kept = now.tobytes()
        if old.outputs[: len(kept)] != kept:
            return False
        if cache_file.settled(now, old.since):
            return True
        if old.outputs[len(kept) :] != _checksums(self._written):
            return False
        if whole := self._whole():
            self._keep(whole._replace(since=self.since))
        return True

    def recall(self) -> dict[str, Facts]:
        """The facts of unchanged files."""
        whole = self._whole()
        if not whole:
            return {}
        self._known = cache_file.facts(whole)
        found = {}
        for at, path in enumerate(self.paths):
            known = self._known.get(os.fsencode(path))
            if known and cache_file.believable(whole, known[0], self._stamp(at)):
                found[path] = known[1]
        return found

    def _whole(self) -> Contents | None:
        """The earlier run's cache with its facts, which a run without changes does not read."""
        whole = cache_file.load(self.file, self._version) if self._old else None
        return whole if self._old and whole and whole.checksum == self._old.checksum else None

    def is_same(self, facts: Mapping[str, Facts]) -> bool:
        """Whether the earlier run had the same files and ``facts``."""
        if not self._old or self._old.paths != self._listed or len(facts) != len(self._known):
            return False
        missing = (-1, None)
        return all(self._known.get(os.fsencode(path), missing)[1] == each for path, each in facts.items())

    def keep(self, facts: Mapping[str, Facts], *, written: bool) -> None:
        """Keep the ``facts`` of module files for the next run, and the database too if it is ``written``.

        Files that changed during this run are not kept.
        """
        if not self.file:
            return
        after = cache_file.stamps(self._files)
        lengths, body = array("Q"), list[bytes]()
        for at, path in enumerate(self.paths):
            each = facts.get(path)
            if each is None or after[at * STAMP : at * STAMP + STAMP] != self._stamp(at):
                after[at * STAMP + STAMP - 1] = 0
                lengths.extend((0,) * FIELDS)
            else:
                lengths.extend(map(len, each))
                body += each
        outputs = cache_file.stamps(self._written).tobytes() + _checksums(self._written) if written else b""
        self._keep(
            Contents(self.since, self._listed, after, lengths, self._settings, outputs, b"".join(body))
        )

    def _keep(self, kept: Contents) -> None:
        try:
            os.makedirs(os.path.dirname(self.file) or ".", mode=0o755, exist_ok=True)
            cache_file.save(self.file, kept, self._version)
        except (OSError, ModutilsError):
            pass  # the next run works without a cache

    def _stamp(self, at: int) -> array[int]:
        return self._stamps[at * STAMP : at * STAMP + STAMP]


def _settings(job: Job, config: DepmodConfig) -> bytes:
    """The inputs of the database other than modules."""
    asked = (job.top, job.out, job.files, job.compat, job.prefix)
    given = _checksums([job.root.follow(f"{job.top}/{name}") for name in INPUTS])
    ruled = (config.searches, config.overrides, config.externals, sorted(config.excludes))
    return repr((asked, ruled, given)).encode("utf-8", "backslashreplace")


def _checksums(paths: Sequence[str]) -> bytes:
    """The length and checksum of each file's contents; -1 for unreadable ones."""
    found = array("q")
    for path in paths:
        try:
            with open(path, "rb", buffering=0) as file:
                content = file.read()
            found.extend((len(content), crc32(content)))
        except OSError:
            found.extend((-1, 0))
    return found.tobytes()
