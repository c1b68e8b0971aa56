"""The cache of a run: valid facts of an earlier run, and facts to keep for the next one."""

from __future__ import annotations

import os
import time
from array import array
from stat import S_IFREG
from typing import TYPE_CHECKING, Final
from zlib import crc32

from pymodutils.depends.depmod import cache_file
from pymodutils.depends.depmod.cache_file import DEVICE, FIELDS, KIND, STAMP, Contents
from pymodutils.depends.depmod.files import names
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.depends.depmod.config import DepmodConfig
    from pymodutils.depends.depmod.job import Job
    from pymodutils.elf.facts import Facts

FEW: Final = 64  # changed files that are examined before the facts of all are read
INPUTS: Final = ("modules.order", "modules.builtin", "modules.builtin.modinfo")


class Cache:
    """The cache of a job for its module files ``paths``; empty and not saved without a cache file."""

    def __init__(self, job: Job, config: DepmodConfig) -> None:
        self.file, self._root, self._version, self._top = job.cache, job.root, job.version, job.top
        self.since = time.time_ns()
        self.paths: Sequence[str] = ()
        self._directories = b""
        self._old: Contents | None = None
        self._recalled = frozenset[int]()  # numbers of the files with facts of the earlier run
        if not self.file:
            return
        self._written = [f"{job.out}/{name}" for name in names(job.compat)]
        self._settings = _settings(job, config)
        old = cache_file.load(self.file, job.version, whole=False)
        self._old = old if old and cache_file.is_trusted(job.top) else None
        self._known: dict[bytes, tuple[int, Facts]] = {}

    def take_unchanged(self) -> bool:
        """Take the files of the earlier run, unless a directory has changed since."""
        old = self._old
        if not old or not old.directories or old.settings != self._settings:
            return False
        now = cache_file.stamps(map(self._root.follow, _split(old.directories)), self._top)
        if now != old.places or not cache_file.settled(now, old.since):
            return False
        self.take(_split(old.paths), _split(old.directories))
        return all(map(S_IFREG.__eq__, self._stamps[KIND::STAMP]))  # of a link, too

    def take(self, paths: Sequence[str], directories: Sequence[str] = ()) -> None:
        """Set the module files, and the directories in which they were found, if they all could be read."""
        self.paths = paths
        if not self.file:
            return
        self._directories = _joined(directories)
        self._files = [self._root.follow(path) for path in paths]
        self._stamps = cache_file.stamps(self._files, self._top)
        self._listed = _joined(paths)

    def is_current(self) -> bool:
        """Whether the database is that of the present files: the facts of changed ones are still the same."""
        old = self._old
        if not old or old.paths != self._listed:
            return False
        changed = self._changed(old)
        if len(changed) > FEW or not self.is_written():
            return False
        return not changed or self._is_unaffected_by(changed)

    def _changed(self, old: Contents) -> list[int]:
        """The numbers of the files whose entries in ``old``, which has the same files, cannot be trusted."""
        if old.stamps == self._stamps and cache_file.settled(self._stamps, old.since):
            return []
        each = range(len(self.paths))
        return [at for at in each if not cache_file.believable(old, at, self._stamp(at))]

    def _is_unaffected_by(self, changed: Sequence[int]) -> bool:
        """Whether the ``changed`` files have the same facts as before; then the new stamps are kept."""
        from pymodutils.depends.depmod.scan import examine  # noqa: PLC0415 -- not needed if nothing changed

        whole = self._whole()
        if not whole or not cache_file.is_sound(whole):
            return False
        for at in changed:
            scanned = examine(self._files[at])
            if scanned.error or not cache_file.has_facts(whole, at) or not self._is_still(at):
                return False
            if scanned.facts != cache_file.facts_of(whole, at):
                return False
        now = whole._replace(since=self.since, stamps=self._stamps)
        self._keep(now, checksum=whole.checksum)
        return True

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
        found, recalled = {}, list[int]()
        for at, path in enumerate(self.paths):
            known = self._known.get(os.fsencode(path))
            if known and cache_file.believable(whole, known[0], self._stamp(at)):
                found[path] = known[1]
                recalled.append(at)
        self._recalled = frozenset(recalled)
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

        Files that changed while this run read them are not kept.
        """
        if not self.file:
            return
        stamps = self._stamps[:]
        lengths, body = array("Q"), list[bytes]()
        for at, path in enumerate(self.paths):
            each = facts.get(path)
            if each is None or not (at in self._recalled or self._is_still(at)):
                stamps[at * STAMP + KIND] = 0
                lengths.extend((0,) * FIELDS)
            else:
                lengths.extend(map(len, each))
                body += each
        places = cache_file.stamps(map(self._root.follow, _split(self._directories)))
        one_disk = len({*places[DEVICE::STAMP]}) == 1  # the only one whose time stamps are known
        outputs = cache_file.stamps(self._written).tobytes() + _checksums(self._written) if written else b""
        self._keep(
            Contents(
                self.since,
                self._directories if one_disk else b"",
                places if one_disk else array("q"),
                self._listed,
                stamps,
                lengths,
                self._settings,
                outputs,
                b"".join(body),
            )
        )

    def _keep(self, kept: Contents, checksum: int | None = None) -> None:
        try:
            os.makedirs(os.path.dirname(self.file) or ".", mode=0o755, exist_ok=True)
            cache_file.save(self.file, kept, self._version, checksum=checksum)
        except (OSError, ModutilsError):
            pass  # the next run works without a cache

    def _stamp(self, at: int) -> array[int]:
        return self._stamps[at * STAMP : at * STAMP + STAMP]

    def _is_still(self, at: int) -> bool:
        """Whether file ``at`` is as it was when this run began."""
        return cache_file.stamps([self._files[at]]) == self._stamp(at)


def _joined(paths: Sequence[str]) -> bytes:
    return os.fsencode("".join([path + "\0" for path in paths]))


def _split(paths: bytes) -> list[str]:
    return os.fsdecode(paths).split("\0")[:-1]


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
            with open(path, "rb") as file:
                content = file.read()
            found.extend((len(content), crc32(content)))
        except OSError:
            found.extend((-1, 0))
    return found.tobytes()
