"""Read modules and symbols of a running kernel: /proc/kallsyms, /proc/kcore, /sys/module."""

from __future__ import annotations

import os
from functools import cache
from struct import iter_unpack, unpack_from

from pymodutils.elf.scan import Elf
from pymodutils.link.layout import Layout
from pymodutils.link.object import Object


def shown(module: str) -> list[tuple[int, str, str]]:
    """The same according to the kernel; upper case means exported."""
    with open("/proc/kallsyms", encoding="utf-8") as file:
        rows = [line.split() for line in file if line.endswith(f"[{module}]\n")]
    return [(int(row[0], 16), row[1].lower(), row[2]) for row in rows]


def addresses(name: str) -> dict[str, int]:
    """The kernel's addresses of the sections of ``name``."""
    folder = f"/sys/module/{name}/sections"
    return {one: number(f"{folder}/{one}") for one in os.listdir(folder)}


def number(path: str) -> int:
    """The number in the file ``path``."""
    with open(path, encoding="ascii") as file:
        return int(file.read(), 0)


def percpu_of(name: str, module: Object, plan: Layout) -> int:
    """The address of the per-cpu area of ``name``, from one of the symbols in it."""
    if not plan.percpu:
        return 0
    table = module.symbols
    for at, section in enumerate(table.sections):
        if section == plan.percpu and table.names[at]:
            value = kallsyms(name).get(table.name(at))
            if value is not None:
                return value - table.values[at]
    return 0


def kallsyms(module: str = "") -> dict[str, int]:
    """The addresses of the symbols of the kernel or of one module; global ones take precedence."""
    found: dict[str, int] = {}
    shared: set[str] = set()
    with open("/proc/kallsyms", encoding="utf-8") as file:
        for line in file:
            address, kind, name, *owner = line.split()
            if (owner[0] if owner else "") == (f"[{module}]" if module else ""):
                if name in shared or (name in found and not kind.isupper()):
                    continue
                found[name] = int(address, 16)
                if kind.isupper():
                    shared.add(name)
    return found


def exports(kernel: str) -> dict[str, int]:
    """The addresses in the export tables of the ELF file ``kernel``: three pointers each."""
    with open(kernel, "rb") as file:
        data = file.read()
    elf = Elf(data)
    strings = next(section for section in elf.sections if section.name == "__ksymtab_strings")
    found = {}
    for table in ("__ksymtab", "__ksymtab_gpl"):
        for value, name, _ in iter_unpack("<QQQ", elf.section(table) or b""):
            start = name - strings.sh_addr + strings.sh_offset
            found[data[start : data.index(b"\0", start)].decode()] = value
    return found


def read_memory(address: int, size: int) -> bytes:
    """The kernel's memory at ``address``."""
    for low, length, start in _loaded():
        if low <= address < low + length:
            return os.pread(_core(), size, start + address - low)
    raise LookupError(f"{address:#x} is not in /proc/kcore")


@cache
def _core() -> int:
    return os.open("/proc/kcore", os.O_RDONLY)


@cache
def _loaded() -> list[tuple[int, int, int]]:
    """The address, size and offset of each segment of /proc/kcore."""
    head = os.pread(_core(), 64, 0)
    offset, count = unpack_from("<Q", head, 32)[0], unpack_from("<H", head, 56)[0]
    rows = iter_unpack("<IIQQQQQQ", os.pread(_core(), 56 * count, offset))
    return [(low, length, start) for kind, _, start, low, _, length, _, _ in rows if kind == 1]
