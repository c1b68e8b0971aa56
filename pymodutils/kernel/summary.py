"""A description as lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.kernel.description import Description, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymodutils.elf.ksymtab import Export

LINE = 84  # columns of the rest
WIDTH = 15  # columns of the first word


def lines(kernel: Description) -> list[str]:
    """The known properties of ``kernel``, and the reasons for unknown ones."""
    known = [f"{name + ':':<{WIDTH}}{text}" for name, text in _known(kernel) if text]
    missing = [f"  {field}: {why}" for field, why in unknown(kernel).items()]
    return [*known, "unknown:", *missing] if missing else known


def _known(kernel: Description) -> Iterator[tuple[str, str]]:
    yield "release", kernel.release or ""
    yield "version", kernel.version or ""
    yield "vermagic", kernel.vermagic or ""
    yield "architecture", _architecture(kernel)
    yield "exports", _exports(kernel) if kernel.exports else ""
    yield "struct module", f"{kernel.module_size} bytes" if kernel.module_size else ""
    yield "per-cpu", f"area of modules at {kernel.percpu:#x}" if kernel.percpu is not None else ""
    yield "keys", f"{len(kernel.keys)} trusted for modules" if kernel.keys else ""
    yield "built in", f"{len(kernel.builtins)} shown in /sys/module" if kernel.builtins else ""
    yield "loader", _loader(kernel)
    for value, what in ((True, "switched on"), (False, "switched off")):
        yield what, _wrapped(name for name, on in sorted(kernel.switches.items()) if on is value)
    for text in kernel.sources:
        yield "source", text


def _wrapped(names: Iterable[str]) -> str:
    rows = [""]
    for name in names:
        if len(rows[-1]) + len(name) > LINE:
            rows.append("")
        rows[-1] += f"{name} "
    return f"\n{'':<{WIDTH}}".join(row.rstrip() for row in rows)


def _architecture(kernel: Description) -> str:
    if kernel.arch is None:
        return ""
    page = f", pages of {kernel.page_size} bytes" if kernel.page_size else ""
    return f"{kernel.arch}, {kernel.bits} bit, {kernel.order} endian{page}"


def _exports(kernel: Description) -> str:
    rows: list[Export] = list(kernel.exports.values())
    spaces = {row.namespace for row in rows if row.namespace}
    counts = [
        (sum(row.gpl is True for row in rows), "GPL-only"),
        (sum(row.crc is not None for row in rows), "with a CRC"),
        (sum(row.address is not None for row in rows), "with an address"),
        (sum(bool(row.namespace) for row in rows), f"in {len(spaces)} namespaces"),
    ]
    told = ", ".join(f"{count} {what}" for count, what in counts if count)
    return f"{len(rows)} ({told})" if told else str(len(rows))


def _loader(kernel: Description) -> str:
    if kernel.generation is None:
        return "not known, older than 6.1" if kernel.release else ""
    missing = {True: "refused", False: "accepted"}.get(kernel.strict_versions)  # type: ignore[arg-type]
    return f"as of Linux {kernel.generation}" + (
        f"; an import without a version is {missing}" if missing else ""
    )
