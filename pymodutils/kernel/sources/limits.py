"""Limits for archives and images, against hostile files."""

from __future__ import annotations

import time
from typing import Final

from pymodutils.errors import ModutilsError, Overspent

DEFAULTS: Final = {
    "members": 200_000,  # files of an archive
    "bytes": 16 << 30,  # of an archive, decompressed
    "member": 512 << 20,  # bytes of one file
    "ratio": 200,  # decompressed bytes per byte of the file, after FREE
    "cpu": 20,  # seconds of CPU time, plus one for each SECOND bytes of the file
}
FREE: Final = 64 << 20  # decompressed bytes permitted for any file
SECOND: Final = 1 << 20  # bytes of a file per extra second
current: Final = dict(DEFAULTS)  # of this process and its children


def change(words: tuple[str, ...]) -> None:
    """Apply each NAME=VALUE of ``words``; raises ModutilsError for an unknown name or invalid number."""
    for word in words:
        name, _, value = word.partition("=")
        if name not in DEFAULTS or not value.isascii() or not value.isdigit():
            names = ", ".join(DEFAULTS)
            raise ModutilsError(word, f"--limit {word}: give NAME=NUMBER, where NAME is one of {names}")
        current[name] = int(value)


class Budget:
    """The cost of reading the file ``subject`` of ``size`` bytes; every method may raise Overspent."""

    def __init__(self, subject: str, size: int) -> None:
        self.subject, self.size = subject, size
        self.members = self.bytes = 0
        self.started = time.process_time()

    def member(self, name: str, size: int) -> None:
        """Count a file of ``size`` bytes."""
        self.members += 1
        if self.members > current["members"]:
            raise self._over("members", f"more than {current['members']} files")
        if size > current["bytes"]:
            raise self._over("bytes", f"{name} alone has {size} bytes")
        self.time()

    def content(self, name: str, size: int) -> None:
        """Check the size of a file before reading it completely."""
        if size > current["member"]:
            raise self._over("member", f"{name} has {size} bytes, more than {current['member']}")

    def read(self, count: int) -> None:
        """Count ``count`` decompressed bytes."""
        self.bytes += count
        if self.bytes > current["bytes"]:
            raise self._over("bytes", f"more than {current['bytes']} decompressed bytes")
        if self.bytes > FREE + self.size * current["ratio"]:
            raise self._over("ratio", f"it decompresses to more than {current['ratio']} times its size")
        self.time()

    def time(self) -> None:
        """Check the CPU time."""
        allowed = current["cpu"] + self.size // SECOND
        if time.process_time() - self.started > allowed:
            raise self._over("cpu", f"reading it takes more than {allowed} seconds")

    def _over(self, limit: str, why: str) -> Overspent:
        return Overspent(self.subject, f"{self.subject}: {why}: raise the limit with --limit {limit}=NUMBER")
