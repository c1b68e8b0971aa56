"""Merge sources into one description: earlier sources take precedence, conflicts are recorded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from pymodutils.elf.ksymtab import Export
from pymodutils.kernel.description import Description, generation_of, is_strict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SINGLE: Final = (
    "release",
    "version",
    "banner",
    "vermagic",
    "machine",
    "bits",
    "order",
    "page_size",
    "module_size",
    "percpu",
    "generation",
    "strict_versions",
)


def combine(parts: Sequence[Description]) -> Description:
    """Merge ``parts`` in order of precedence; exports are merged attribute by attribute.

    A complete list of exports gets no further names. A plain list of built-in modules comes last, because it
    has names that are not in /sys/module.
    """
    parts = sorted(parts, key=_is_list)
    whole = parts[0]
    for part in parts[1:]:
        whole = _merge(whole, part)
    return derive(whole)


def _is_list(part: Description) -> bool:
    """Whether ``part`` comes from modules.builtin.modinfo."""
    return part._replace(builtins=None, sources=()) == Description()


def derive(kernel: Description) -> Description:
    """``kernel`` with derived properties."""
    if kernel.generation is None and kernel.release:
        kernel = kernel._replace(generation=generation_of(kernel.release))
    if kernel.strict_versions is None and kernel.version:
        kernel = kernel._replace(strict_versions=is_strict(kernel.version))
    return kernel


def _merge(first: Description, second: Description) -> Description:
    conflicts = list(first.conflicts + second.conflicts)
    names = f"{_names(first)} says", f"{_names(second)} says"
    single: dict[str, Any] = {}
    for field in SINGLE:
        ours, theirs = getattr(first, field), getattr(second, field)
        single[field] = theirs if ours is None else ours
        if ours is not None and theirs is not None and ours != theirs:
            conflicts.append(f"{field}: {names[0]} {ours!r}, {names[1]} {theirs!r}; the first is taken")
    for name in first.switches.keys() & second.switches.keys():
        if first.switches[name] != second.switches[name]:
            values = f"{names[0]} {_yes(first.switches[name])}, {names[1]} {_yes(second.switches[name])}"
            conflicts.append(f"CONFIG_{name}: {values}; the first is taken")
    if first.keys and second.keys and set(first.keys) != set(second.keys):
        conflicts.append(f"keys: {names[0]} others than {_names(second)}; the first are taken")
    exports = _exports(first, second, conflicts)
    return Description(
        **single,
        exports=exports,
        complete=first.complete or second.complete,
        switches={**second.switches, **first.switches},
        sources=first.sources + second.sources,
        conflicts=tuple(conflicts),
        remarks={**second.remarks, **first.remarks},
        keys=first.keys or second.keys,
        btf=second.btf if first.btf is None else first.btf,
        kallsyms=second.kallsyms if first.kallsyms is None else first.kallsyms,
        builtins=second.builtins if first.builtins is None else first.builtins,
    )


def _exports(first: Description, second: Description, conflicts: list[str]) -> Mapping[str, Export]:
    """The merged exports.

    A name missing in a complete list is dropped: if it comes from modules, another module exports it.
    """
    if not first.exports or not second.exports:
        return first.exports or second.exports
    names = _listed(first, second)
    differs = Counter[str]()
    lists = (first.exports, second.exports)
    merged = {name: _row([rows[name] for rows in lists if name in rows], differs) for name in names}
    if first.complete and second.complete:
        differs["names"] = len(first.exports.keys() ^ second.exports.keys())
    told = {"names": "are exported by one only"}
    both = f"{_names(first)} and {_names(second)}"
    for what, count in sorted((+differs).items()):
        how = told.get(what, f"have another {what}")
        conflicts.append(f"exports: {count} {how} in {both}; the first is taken")
    return merged


def _listed(first: Description, second: Description) -> list[str]:
    """The names of the merged exports: those of a complete list, or else of both."""
    if first.complete or second.complete:
        return list(first.exports if first.complete else second.exports)
    return [*first.exports, *(name for name in second.exports if name not in first.exports)]


def _row(rows: list[Export], differs: Counter[str]) -> Export:
    if len(rows) == 1:
        return rows[0]
    first, second = rows
    differs.update(
        field
        for field, ours, theirs in zip(first._fields, first, second, strict=True)
        if ours is not None and theirs is not None and ours != theirs
    )
    return Export(
        address=second.address if first.address is None else first.address,
        crc=second.crc if first.crc is None else first.crc,
        gpl=second.gpl if first.gpl is None else first.gpl,
        namespace=second.namespace if first.namespace is None else first.namespace,
    )


def _names(part: Description) -> str:
    more = f" (and {len(part.sources) - 1} more)" if len(part.sources) > 1 else ""
    return f"{part.sources[0]}{more}" if part.sources else "a source"


def _yes(value: bool) -> str:
    return "y" if value else "n"
