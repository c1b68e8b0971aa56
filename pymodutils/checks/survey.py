"""All that speaks against a module on a kernel, also behind what the kernel stopped at.

A kernel ends with the first thing that it minds: module_layout's CRC hides the CRCs of all other symbols.
Here every import is looked at, in the terms of the kernel's own causes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import crcs
from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.load.causes import Cause, Kind
from pymodutils.kernel.emulated.load.check_modinfo import FREE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymodutils.checks.candidate import Candidate
    from pymodutils.checks.pool import Providers
    from pymodutils.elf.crcs import Linkage
    from pymodutils.elf.kernelimage.exports import Export
    from pymodutils.kernel.description import Description

LAYOUT: Final = "module_layout"
NOTHING: Final = crcs.Linkage([], [])


class Survey(NamedTuple):
    """What a module expects, and what of it the kernel would mind."""

    expects: Mapping[str, int]  # symbol -> CRC, of those that have one
    causes: tuple[Cause, ...]


NOWHERE: Final = Survey({}, ())


def survey(module: Candidate, kernel: Description, providers: Providers) -> Survey:
    """What speaks against ``module`` by its imports and exports."""
    linkage = _linkage(module.path)
    expects = {need.name: need.crc for need in linkage.needs if need.crc}
    return Survey(expects, tuple(_minded(module, linkage, expects, kernel, providers)))


@lru_cache(maxsize=64)
def _linkage(path: str) -> Linkage:
    """Imports and exports of a file; none of one that cannot be read, of which the kernel speaks."""
    try:
        return crcs.of_module(path)
    except ModutilsError:
        return NOTHING


def _minded(
    module: Candidate,
    linkage: Linkage,
    expects: Mapping[str, int],
    kernel: Description,
    providers: Providers,
) -> Iterator[Cause]:
    proprietary = module.value("license") not in FREE
    spaces = set(module.values("import_ns"))
    for need in linkage.needs:
        export = kernel.exports.get(need.name)
        if export is None:
            if need.name != LAYOUT:
                yield from _elsewhere(need, expects, kernel, providers)
            continue
        yield from _version(need.name, export.crc, "", expects, kernel)
        if export.gpl and proprietary and not need.weak:
            yield Cause(Kind.GPL_ONLY, need.name, said=module.value("license") or "")
        if export.namespace and export.namespace not in spaces:
            yield Cause(Kind.NAMESPACE, need.name, wanted=export.namespace)
    for name, _ in linkage.exports:
        if name in kernel.exports:
            yield Cause(Kind.DUPLICATE, name, owner="kernel")


def _elsewhere(
    need: crcs.Need, expects: Mapping[str, int], kernel: Description, providers: Providers
) -> Iterator[Cause]:
    """What is minded of a symbol that only another module can have."""
    found = providers.exporter(need.name.encode("utf-8", "surrogateescape"))
    if found:
        crc = dict(_linkage(found.path).exports).get(need.name)
        yield from _version(need.name, crc, found.name, expects, kernel)
    elif not need.weak:
        yield Cause(Kind.UNKNOWN, need.name)


def _version(
    name: str, crc: int | None, owner: str, expects: Mapping[str, int], kernel: Description
) -> Iterator[Cause]:
    expected = expects.get(name)
    if not crc or expected in (None, crc) or kernel.switches.get("MODVERSIONS") is False:
        return
    yield Cause(Kind.CRC, name, f"{expected:#010x}", f"{crc:#010x}", owner)


def agrees(expects: Mapping[str, int], exports: Mapping[str, Export]) -> bool:
    """Whether all symbols that a module expects, and a kernel has, are the same ones."""
    common = [(crc, exports[name].crc) for name, crc in expects.items() if name in exports]
    return bool(common) and all(ours == theirs for ours, theirs in common)
