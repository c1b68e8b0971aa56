"""Compare the exports of two kernels (kABI), and find the modules that the changes break."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.checks.trial import Bench
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.load.check_version import LAYOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.candidate import Candidate
    from pymodutils.checks.kabi_reason import KabiChange
    from pymodutils.checks.verdict import CheckedKernel
    from pymodutils.elf.ksymtab import Export
    from pymodutils.kernel.description import Description


class Change(NamedTuple):
    """A changed export."""

    symbol: str
    kind: str  # appeared, gone, crc, gpl-only, for-all, namespace
    before: str = ""
    after: str = ""


class Broken(NamedTuple):
    """A module that the changes break, and why."""

    module: str
    path: str
    changes: tuple[Change, ...]


class Comparison(NamedTuple):
    """The changes from one kernel to another."""

    before: CheckedKernel
    after: CheckedKernel
    changes: tuple[Change, ...]  # by symbol
    modules: int  # number examined
    broken: tuple[Broken, ...]
    rebuild: str = ""  # why every module must be rebuilt, whatever changed
    reasons: tuple[KabiChange, ...] = ()  # the type that changed the CRC, by symbol
    unexplained: str = ""  # why ``reasons`` is empty

    def of(self, kind: str) -> list[Change]:
        """The changes of ``kind``."""
        return [change for change in self.changes if change.kind == kind]


KINDS = ("gone", "crc", "gpl-only", "namespace", "appeared", "for-all")
HARMLESS = ("appeared", "for-all")
EXPLAINED = {
    CauseKind.UNKNOWN: "gone",
    CauseKind.CRC: "crc",
    CauseKind.GPL_ONLY: "gpl-only",
    CauseKind.NAMESPACE: "namespace",
}


def changes(old: Description, new: Description) -> list[Change]:
    """The changed exports by symbol; a property unknown on one side is not a change."""
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


def rebuild(old: Description, new: Description) -> str:
    """Why no module of ``old`` is safe on ``new``: without CRCs, changed types go unnoticed."""
    if (old.release, old.version, old.exports) == (new.release, new.version, new.exports):
        return ""
    for kernel in (old, new):
        if kernel.switches.get("MODVERSIONS") is False:
            return f"{kernel.release} is built without CONFIG_MODVERSIONS, so changed types are not detected"
    return ""


def broken(
    found: Sequence[Change], kernels: tuple[Description, Description], modules: Sequence[Candidate]
) -> list[Broken]:
    """Those of ``modules`` that the changes ``found`` between ``kernels`` (old, new) break.

    The emulated loader decides; only modules that import a changed symbol are tried.
    """
    harmful: dict[str, list[Change]] = {}
    for change in found:
        if change.kind not in HARMLESS:
            harmful.setdefault(change.symbol, []).append(change)
    old, new = (Bench(kernel, {}, "") for kernel in kernels)
    result = []
    for module in modules:
        if harmful.keys().isdisjoint(_imports(module)):
            continue
        fresh = _refused(new, module) - _refused(old, module)
        hits = tuple(
            it for symbol, kind in sorted(fresh) for it in harmful.get(symbol, ()) if it.kind == kind
        )
        if hits:
            result.append(Broken(module.name, module.shown, hits))
    return result


def _imports(module: Candidate) -> list[str]:
    return [LAYOUT, *(name.decode("utf-8", "surrogateescape") for name in module.needs)]


def _refused(bench: Bench, module: Candidate) -> set[tuple[str, str]]:
    """(symbol, kind of change that explains it) for each cause that concerns a symbol."""
    causes = bench.all_causes(module)
    return {(it.subject, EXPLAINED[it.kind]) for it in causes if it.kind in EXPLAINED and not it.passes}
