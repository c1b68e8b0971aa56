"""Provide indexes for a module directory: its own, or generated ones in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING, Final

from pymodutils.checks import cache
from pymodutils.depends.depmod.collect import Collector
from pymodutils.depends.depmod.job import Job
from pymodutils.depends.depmod.run import Run
from pymodutils.errors import ModutilsError
from pymodutils.log import Log
from pymodutils.version import __version__

if TYPE_CHECKING:
    from pymodutils.root import Root

DONE: Final = "modules.dep.bin"
LINKED: Final = ("modules.order", "modules.builtin", "modules.builtin.modinfo")


def indexed(tree: str, release: str, root: Root) -> str:
    """A folder with the modules below ``tree`` and their indexes; raises ModutilsError as depmod does."""
    if os.path.exists(f"{tree}/{DONE}"):
        return tree
    place = f"{cache.folder('indexes')}/{_key(tree)}/{release}"
    if not os.path.exists(f"{place}/{DONE}"):
        partial = f"{place}.{os.getpid()}"
        try:
            _link(tree, partial)
            collector = Collector(Run(Job(root, release, partial, partial), _Silent("depmod")))
            collector.write(collector.collect())
            os.rename(partial, place)
        except OSError as error:
            text = (
                f"{tree}: it has no modules.dep, and an index cannot be cached: {error.strerror}: run depmod"
            )
            raise ModutilsError(tree, text, error.errno) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return place


class _Silent(Log):
    """A log that discards depmod's messages, which are irrelevant here."""

    def say(self, level: int, text: str) -> None:
        """Discard ``text``."""


def _link(tree: str, place: str) -> None:
    """Make ``place`` a directory of links to the files of ``tree``."""
    os.makedirs(place, mode=0o700)
    for name in os.listdir(tree):
        if name in LINKED or os.path.isdir(f"{tree}/{name}"):
            os.symlink(os.path.abspath(f"{tree}/{name}"), f"{place}/{name}")


def _key(tree: str) -> str:
    """A key that changes whenever files below ``tree`` are added or removed."""
    total = hashlib.sha256(f"{__version__} {os.path.abspath(tree)}".encode("utf-8", "surrogateescape"))
    for top, folders, _ in os.walk(tree):
        folders.sort()
        total.update(f"{os.stat(top).st_mtime_ns}".encode())
    return total.hexdigest()
