"""Two kernels compared by what modules see of them: the kABI, and whom its changes break."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.checks.candidate import read_all
from pymodutils.checks.inputs import files
from pymodutils.checks.survey import LAYOUT
from pymodutils.elf import crcs
from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.load.check_modinfo import FREE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.candidate import Candidate
    from pymodutils.checks.verdict import Kernel
    from pymodutils.elf.kernelimage.exports import Export
    from pymodutils.kernel.description import Description


class Change(NamedTuple):
    """What became of one export."""

    symbol: str
    kind: str  # appeared, gone, crc, gpl-only, for-all, namespace
    before: str = ""
    after: str = ""


class Broken(NamedTuple):
    """A module that what changed would break, and why."""

    module: str
    path: str
    changes: tuple[Change, ...]


class Comparison(NamedTuple):
    """All that changed from one kernel to another."""

    before: Kernel
    after: Kernel
    changes: tuple[Change, ...]  # by symbol
    modules: int  # how many were looked at
    broken: tuple[Broken, ...]

    def of(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind == kind]


KINDS = ("gone", "crc", "gpl-only", "namespace", "appeared", "for-all")
HARMLESS = ("appeared", "for-all")


def changes(old: Description, new: Description) -> list[Change]:
    """What became of each export, by symbol; what one side does not know is no change."""
    found: list[Change] = []
    for name in sorted(old.exports.keys() | new.exports.keys()):
        before, after = old.exports.get(name), new.exports.get(name)
        if before is None or after is None:
            found += [Change(name, "appeared" if before is None else "gone")]
        else:
            found += _differences(name, before, after)
    return found


def _differences(name: str, before: Export, after: Export) -> Iterator[Change]:
    if before.crc is not None and after.crc is not None and before.crc != after.crc:
        yield Change(name, "crc", f"{before.crc:#010x}", f"{after.crc:#010x}")
    if before.gpl is not None and after.gpl is not None and before.gpl != after.gpl:
        yield Change(name, "gpl-only" if after.gpl else "for-all")
    if None not in (before.namespace, after.namespace) and before.namespace != after.namespace:
        yield Change(name, "namespace", before.namespace or "", after.namespace or "")


def broken(found: Sequence[Change], words: Sequence[str], folder: str) -> tuple[int, list[Broken]]:
    """How many modules ``words`` mean, and those of them that the changes ``found`` break."""
    listed = dict.fromkeys(file for word in words for file in files(word, folder))
    modules = read_all([(path, shown) for path, shown in listed])
    harmful: dict[str, list[Change]] = {}
    for change in found:
        if change.kind not in HARMLESS:
            harmful.setdefault(change.symbol, []).append(change)
    hit = [(module, tuple(_hits(module, harmful))) for module in modules]
    return len(modules), [Broken(it.name, it.shown, changes) for it, changes in hit if changes]


def _hits(module: Candidate, harmful: dict[str, list[Change]]) -> Iterator[Change]:
    proprietary = module.value("license") not in FREE
    spaces = module.values("import_ns")
    for symbol, versioned in _uses(module):
        for change in harmful.get(symbol, ()):
            lacks = change.kind == "namespace" and change.after and change.after not in spaces
            barred = change.kind == "gpl-only" and proprietary
            if change.kind == "gone" or (change.kind == "crc" and versioned) or lacks or barred:
                yield change


def _uses(module: Candidate) -> list[tuple[str, bool]]:
    """The symbols that the module imports, and whether it expects a CRC."""
    try:
        needs = crcs.of_module(module.path).needs
    except ModutilsError:
        return []
    return [(need.name, bool(need.crc)) for need in needs if not need.weak or need.name == LAYOUT]
