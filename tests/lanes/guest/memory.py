"""In a guest: addresses of sections, sizes of areas and symbols."""

from __future__ import annotations

from typing import Any

from pymodutils.elf import compress
from pymodutils.names import of_path
from tests.lanes.guest.insert import insert, without_init
from tests.lanes.guest.observed import addresses, number

ENTRY = 24 + 1  # bytes of a symbol that kallsyms keeps, and of its type; its name is more


def shown(files: list[str]) -> dict[str, dict[str, Any]]:
    """The contents of /sys/module and /proc/kallsyms for each of ``files``, loaded in this order."""
    found = {}
    for path in files:
        name = of_path(path)
        insert(without_init(compress.read(path)), name)
        found[name] = {
            "sections": addresses(name),
            "coresize": number(f"/sys/module/{name}/coresize"),
            "initsize": number(f"/sys/module/{name}/initsize"),
        }
    for name, size in _symbols().items():
        if name in found:
            found[name]["kallsyms"] = size
    return found


def _symbols() -> dict[str, int]:
    """By module, the size of its symbols in /proc/kallsyms, which omits the empty first one."""
    sizes: dict[str, int] = {}
    with open("/proc/kallsyms", encoding="utf-8") as file:
        for line in file:
            _, _, name, *owner = line.split()
            if owner:
                module = owner[0].strip("[]")
                sizes[module] = sizes.get(module, ENTRY + 1) + ENTRY + len(name) + 1
    return sizes
