"""Places in a module that the kernel changes after linking; all other bytes must be as linked.

Sites are listed by tables in the module; sections that are sorted, filled in or freed are explained as a
whole. arch/x86/kernel/module.c: module_finalize; kernel/trace/ftrace.c.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from struct import calcsize, iter_unpack
from typing import Any, NamedTuple

from pymodutils.elf.constants import SHT_NOBITS
from pymodutils.link.image import Image

WHOLE = {
    "__mcount_loc": "sorted, and addresses become those of the patched calls",
    ".orc_unwind": "sorted",
    ".orc_unwind_ip": "sorted",
    "__jump_table": "sorted",
    ".static_call_sites": "sorted",
    "__dyndbg": "descriptors are linked into a list",
    ".gnu.linkonce.this_module": "struct module is filled in",
}
EVENTS = (  # how the objects of trace events are called; enums in print_fmt become numbers
    *("event_", "trace_event_type_funcs_", "trace_event_fields_", "print_fmt_"),
)
CALL = 5  # bytes of call and jmp


class Site(NamedTuple):
    """Bytes listed by a table."""

    address: int
    size: int
    reason: str


def compare(image: Image, values: list[int], read: Callable[[int, int], bytes]) -> dict[str, Any]:
    """The number of sections of ``image`` that are in memory as linked, and how others differ."""
    masked = {site.address + at: site.reason for site in sites(image, values) for at in range(site.size)}
    same, changed, unexplained = 0, Counter[str](), []
    core = set(image.layout.plan.core)
    for at, section in enumerate(image.module.sections):
        placed = image.layout.placed[at]
        if placed is None or not section.sh_size or section.sh_type == SHT_NOBITS or placed.area not in core:
            continue
        ours, theirs = bytes(image.section(at)), read(image.addresses[at], section.sh_size)
        if ours == theirs:
            same += 1
        elif section.name in WHOLE:
            changed[f"{section.name}: {WHOLE[section.name]}"] += 1
        else:
            for offset, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                reason = masked.get(image.addresses[at] + offset)
                if one != other and reason:
                    changed[reason] += 1
                elif one != other:
                    unexplained.append(f"{section.name}+{offset:#x}: {other:02x}, not {one:02x}")
    return {
        "same": same,
        "changed": dict(changed),
        "count": len(unexplained),
        "unexplained": unexplained[:20],
    }


def sites(image: Image, values: list[int]) -> Iterator[Site]:
    """The sites listed by tables in ``image``, and the objects of its trace events."""
    table = image.module.symbols
    for at, value in enumerate(values):
        if table.sizes[at] and table.name(at).startswith(EVENTS):
            yield Site(value, table.sizes[at], "trace events are registered")
    for at, section in enumerate(image.module.sections):
        if image.layout.placed[at] is not None and section.name in TABLES:
            yield from TABLES[section.name](bytes(image.section(at)), image.addresses[at], section.name)


def _absolute(table: bytes, _: int, name: str) -> Iterator[Site]:
    for (address,) in iter_unpack("<Q", table):
        yield Site(address, CALL, name)


def _relative(size: int) -> Callable[[bytes, int, str], Iterator[Site]]:
    def found(table: bytes, base: int, name: str) -> Iterator[Site]:
        for at, (offset,) in enumerate(iter_unpack("<i", table)):
            yield Site(base + 4 * at + offset, size, name)

    return found


def _pairs(table: bytes, base: int, name: str) -> Iterator[Site]:
    for at, (offset, key) in enumerate(iter_unpack("<ii", table)):
        yield Site(base + 8 * at + offset, CALL, name)
        yield Site((base + 8 * at + 4 + key & ~3) + 8, 8, f"{name}: the key learns its sites")


def _alternatives(table: bytes, base: int, name: str) -> Iterator[Site]:
    code = "<iiHBB" if len(table) % 14 else "<iiIBB"  # 6.3 made the flags wider
    for at, (offset, *_, size, _) in enumerate(iter_unpack(code, table)):
        yield Site(base + calcsize(code) * at + offset, size, name)


def _paravirt(table: bytes, _: int, name: str) -> Iterator[Site]:
    for address, _, size in iter_unpack("<QBB6x", table):
        yield Site(address, size, name)


def _jumps(table: bytes, base: int, name: str) -> Iterator[Site]:
    for at, (offset, _, key) in enumerate(iter_unpack("<iiq", table)):
        yield Site(base + 16 * at + offset, CALL, name)
        yield Site((base + 16 * at + 8 + key & ~3) + 8, 8, f"{name}: the key learns its sites")


TABLES: dict[str, Callable[[bytes, int, str], Iterator[Site]]] = {
    "__mcount_loc": _absolute,
    ".return_sites": _relative(CALL),
    ".retpoline_sites": _relative(CALL + 1),
    ".ibt_endbr_seal": _relative(4),
    ".smp_locks": _relative(1),
    ".static_call_sites": _pairs,
    ".altinstructions": _alternatives,
    ".parainstructions": _paravirt,
    "__jump_table": _jumps,
}
