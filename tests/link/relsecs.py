"""Sections that list places which a running kernel changes in modules; arch/*/kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import NamedTuple

from pymodutils.arch.riscv import LOW_I, LOW_S
from pymodutils.elf.constants import SHT_REL, SHT_RELA
from pymodutils.elf.headers import PREFIXES
from pymodutils.link.image import Image
from pymodutils.link.reloc_section import decode


class Table(NamedTuple):
    """Records of places. Signed words are relative to the start of their record."""

    codes: str  # struct's, of a record
    size: int = 0  # bytes that are changed at each place
    place: int = 0  # the field with the place
    length: int = 0  # the field with the number of bytes
    end: int = 0  # the field with the end of the place


LOW_HALVES = (LOW_I, LOW_S)
STUBS, STUB, TARGET, FINAL = ".stubs", 40, 32, 2  # of 64-bit PowerPC; bytes, and how many ftrace wants
FEATURES = Table("QQqqqq", place=2, end=3)
TABLES: Mapping[str, Mapping[str, Table]] = {
    "arm": {
        "__mcount_loc": Table("I", 4),
        "__jump_table": Table("III", 4),
        ".alt.smp.init": Table("iI", 4),
        ".pv_table": Table("i", 4),
    },
    "arm64": {
        "__patchable_function_entries": Table("Q", 8),
        "__jump_table": Table("iiq", 4),
        ".altinstructions": Table("iiHBB", length=3),
    },
    "i386": {
        "__mcount_loc": Table("I", 5),
        "__jump_table": Table("iii", 5),
        ".altinstructions": Table("iiHBB", length=3),
        ".smp_locks": Table("i", 1),
        ".return_sites": Table("i", 5),
        ".retpoline_sites": Table("i", 5),
        ".static_call_sites": Table("ii", 5),
        ".parainstructions": Table("IBBH", length=2),
    },
    "powerpc64le": {
        "__mcount_loc": Table("Q", 4),
        "__jump_table": Table("iiq", 4),
        "__ftr_fixup": FEATURES,
        "__mmu_ftr_fixup": FEATURES,
        "__fw_ftr_fixup": FEATURES,
        "__lwsync_fixup": Table("q", 4),
        "__spec_barrier_fixup": Table("q", 12),
    },
    "riscv": {
        "__patchable_function_entries": Table("Q", 8),
        "__jump_table": Table("iiq", 4),
        ".alternative": Table("iiHHI", length=3),
    },
    "s390": {
        "__mcount_loc": Table("Q", 6),
        "__jump_table": Table("iiq", 6),
        ".altinstructions": Table("iiHB", length=3),
        ".s390_indirect_branches": Table("i", 6),
        ".s390_return_mem": Table("i", 6),
        ".s390_return_reg": Table("i", 6),
    },
}


def patched(image: Image, tracer: int) -> dict[str, set[int]]:
    """The addresses of the bytes that the kernel may have changed, by the table that lists them."""
    found = {}
    for name, table in TABLES[image.module.arch.name].items():
        at = image.module.find(name)
        if at and image.layout.placed[at] is not None:
            found[name] = set(_bytes(table, image, at))
    if image.module.find(STUBS):
        found[STUBS] = set(_tracers(image, tracer))
    return found


def _tracers(image: Image, tracer: int) -> Iterator[int]:
    """The bytes of stubs for ``tracer``, and of those that module_finalize creates for ftrace."""
    at = image.module.find(STUBS)
    raw, start = bytes(image.section(at)), image.addresses[at]
    made = 0
    for offset in range(0, len(raw), STUB):
        target = int.from_bytes(raw[offset + TARGET : offset + STUB], image.module.arch.order)
        made += not target
        if target == tracer or (not target and made <= FINAL):
            yield from range(start + offset, start + offset + STUB)


def _bytes(table: Table, image: Image, at: int) -> Iterator[int]:
    record = Struct(PREFIXES[image.module.arch.order] + table.codes)
    raw, start = bytes(image.section(at)), image.addresses[at]
    for offset in range(0, len(raw) - record.size + 1, record.size):
        fields = record.unpack_from(raw, offset)
        base = start + offset if table.codes[table.place].islower() else 0
        size = table.size or (
            fields[table.length] if table.length else fields[table.end] - fields[table.place]
        )
        place = base + fields[table.place]
        yield from range(place, place + size)


def unknown(image: Image, symbols: Mapping[str, int]) -> set[int]:
    """The addresses of the bytes that depend on imports not among ``symbols``, or on per-cpu memory."""
    module, found = image.module, set()
    for at, section in enumerate(module.sections):
        if section.sh_type not in (SHT_REL, SHT_RELA) or not image.layout.placed[section.sh_info]:
            continue
        relocs = decode(module.arch, module.content(at), rela=section.sh_type == SHT_RELA)
        for number, symbol, offset in zip(relocs.numbers, relocs.symbols, relocs.offsets, strict=True):
            home = module.symbols.sections[symbol]
            percpu = bool(image.layout.percpu) and home == image.layout.percpu
            if percpu or (not home and module.symbols.name(symbol) not in symbols):
                place = image.addresses[section.sh_info] + offset
                found |= set(range(place, place + module.arch.relocs[number].field.size))
    return found | _low_halves(image, found)


def _low_halves(image: Image, unknown: set[int]) -> set[int]:
    """The addresses of instructions that refer to one in ``unknown``: RISC-V's low halves."""
    module, found = image.module, set()
    for at, section in enumerate(module.sections):
        if section.sh_type != SHT_RELA or not image.layout.placed[section.sh_info]:
            continue
        relocs = decode(module.arch, module.content(at), rela=True)
        for number, symbol, offset in zip(relocs.numbers, relocs.symbols, relocs.offsets, strict=True):
            home = module.symbols.sections[symbol]
            if number in LOW_HALVES and image.addresses[home] + module.symbols.values[symbol] in unknown:
                place = image.addresses[section.sh_info] + offset
                found |= set(range(place, place + 4))
    return found
