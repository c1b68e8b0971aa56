"""Compare modules in the memory of a running kernel with our own linking."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from pymodutils.arch.patch import RunningKernel
from pymodutils.arch.patch_tables import TRAMPOLINE
from pymodutils.arch.x86 import X86_64
from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.link import extable, patch
from pymodutils.link.areas import SEVEN_AREAS, TWO_AREAS, Plan
from pymodutils.link.image import Image
from pymodutils.link.kallsyms import kind
from pymodutils.link.layout import Layout, LayoutConfig, layout
from pymodutils.link.object import Object
from pymodutils.link.relocate import relocate
from pymodutils.link.symbols import simplify
from pymodutils.names import of_path
from tests.lanes.guest import patches
from tests.lanes.guest.insert import insert, without_init
from tests.lanes.guest.observed import addresses, exports, kallsyms, number, percpu_of, read_memory, shown


def compare(
    files: list[str], switches: dict[str, Any], kernel: str = "", plan: Plan = TWO_AREAS
) -> list[dict[str, Any]]:
    """The differences between each of ``files``, loaded in this order, and our linking; see ``_one``.

    ``switches`` are of layout.Config. ``kernel`` is the ELF file of the kernel if its export tables hold
    addresses, else /proc/kallsyms is read.
    """
    config = LayoutConfig(plan, **switches)
    symbols = exports(kernel) if kernel else kallsyms()
    return [_one(path, config, symbols) for path in files]


def compare_patched(
    files: list[str], switches: dict[str, Any], plan: Plan = TWO_AREAS
) -> list[dict[str, Any]]:
    """The same with our patches; also the differences ``unpatched``, and the numbers of places ``patched``."""
    config, symbols = LayoutConfig(plan, **switches), kallsyms()
    keys = {
        at: symbols[f"__SCK__{name.removeprefix(TRAMPOLINE)}"]
        for name, at in symbols.items()
        if name.startswith(TRAMPOLINE) and f"__SCK__{name.removeprefix(TRAMPOLINE)}" in symbols
    }
    machine = RunningKernel(sorts_pairs=plan is SEVEN_AREAS, static_keys=keys)
    return [_one(path, config, symbols, machine) for path in files]


def compare_seven_patched(files: list[str], switches: dict[str, Any]) -> list[dict[str, Any]]:
    """The same for ``compare_patched``."""
    return compare_patched(files, switches, SEVEN_AREAS)


def compare_seven(files: list[str], switches: dict[str, Any]) -> list[dict[str, Any]]:
    """The same in a kernel that has an area for each type of memory (6.4 and later)."""
    return compare(files, switches, plan=SEVEN_AREAS)


def _one(
    path: str, config: LayoutConfig, symbols: dict[str, int], machine: RunningKernel | None = None
) -> dict[str, Any]:
    """Load ``path``, and compare layout and memory with our own, patched as by ``machine`` if there is one."""
    data, name = without_init(compress.read(path)), of_path(path)
    insert(data, name)
    module = Object(data, Elf(data).sections, X86_64, name)
    plan = layout(module, config)
    theirs = addresses(name)
    bases = find_bases(module, plan, theirs)
    image = Image(module, plan, bases)
    missing: list[str] = []

    def resolve(symbol: str) -> int:
        if symbol not in symbols:
            missing.append(symbol)
        return symbols.get(symbol, 0)

    values = simplify(image, name, resolve, lambda _, __: None, percpu=percpu_of(name, module, plan))
    relocate(image, values, name)
    extable.sort(image)
    patched = _patch(image, values, machine) if machine else {}
    add_exports(module, values, symbols)
    ours = {section.name: image.addresses[at] for at, section in enumerate(module.sections)}
    return {
        "name": name,
        "sections": len(theirs),
        "moved": [
            f"{one}: {at:#x}, not {ours.get(one, 0):#x}" for one, at in theirs.items() if ours.get(one) != at
        ],
        "coresize": [plan.coresize, number(f"/sys/module/{name}/coresize")],
        "missing": missing,
        "symbols": sorted(set(kept(image, values)) ^ set(shown(name))),
        **patched,
        **patches.compare(image, values, read_memory),
    }


def kept(image: Image, values: list[int]) -> list[tuple[int, str, str]]:
    """Value, type and name of each symbol kept after init, according to us."""
    table, tail = image.module.symbols, image.layout.tail
    names = [(at, table.name(at)) for at in (tail.kept if tail else ()) if at]
    return [
        (values[at], kind(image, table.infos[at], table.sections[at]), name) for at, name in names if name
    ]


def _patch(image: Image, values: list[int], machine: RunningKernel) -> dict[str, Any]:
    unpatched = patches.compare(image, values, read_memory)
    places = patch.apply(image, values, machine)
    return {"unpatched": unpatched["changed"], "patched": places}


def init_sizes_of_requests(files: list[str], switches: dict[str, Any]) -> dict[str, list[int]]:
    """Our and the kernel's initsize for those of ``files`` whose init() requests another module.

    The kernel waits for the program in /proc/sys/kernel/modprobe, which waits until the size was read.
    """
    with tempfile.TemporaryDirectory() as folder:
        helper = Path(folder, "modprobe")
        helper.write_text(f"#!/bin/sh\nuntil [ -e {folder}/read ]; do sleep 0.02; done\nexit 1\n")
        helper.chmod(0o755)
        Path("/proc/sys/kernel/modprobe").write_text(str(helper))
        return init_sizes(files, switches, lambda: Path(folder, "read").touch())


def init_sizes(
    files: list[str], switches: dict[str, Any], read: Callable[[], None] = lambda: None
) -> dict[str, list[int]]:
    """Our and the kernel's initsize for those of ``files`` whose init() takes long enough.

    ``read`` is called after each size.
    """
    config = LayoutConfig(TWO_AREAS, **switches)
    found = {}
    for path in files:
        data, name = compress.read(path), of_path(path)
        loader = Thread(target=insert, args=(data, name))
        loader.start()
        seen = 0
        while loader.is_alive() and not seen:
            try:
                seen = number(f"/sys/module/{name}/initsize")
            except OSError:
                os.sched_yield()
        read()
        loader.join()
        if seen:
            module = Object(data, Elf(data).sections, X86_64, name)
            found[name] = [layout(module, config).initsize, seen]
    return found


def find_bases(module: Object, plan: Layout, theirs: dict[str, int]) -> list[int]:
    """The addresses of the areas of ``plan``, from the kernel's address of one section in each."""
    bases = [0] * len(plan.sizes)
    for at, placed in enumerate(plan.placed):
        name = module.sections[at].name
        if placed and name in theirs and not bases[placed.area]:
            bases[placed.area] = theirs[name] - placed.offset
    return bases


def add_exports(module: Object, values: list[int], symbols: dict[str, int]) -> None:
    """Add the exports of ``module`` for modules loaded after it."""
    table = module.symbols
    names = [table.name(at) for at in range(len(table))]
    by_name = {names[at]: value for at, value in enumerate(values) if table.infos[at] >> 4}
    for name in names:
        if name.startswith("__ksymtab_"):
            symbols[name.removeprefix("__ksymtab_")] = by_name[name.removeprefix("__ksymtab_")]
