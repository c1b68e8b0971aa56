"""Inside of a real kernel: modules loaded without running their init, and compared with our own linking.

A module's init is taken out by making the relocation of struct module's pointer to it do nothing, so all
sections that stay are as the loader left them.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from struct import iter_unpack, pack_into, unpack_from
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

INIT_MODULE = 175  # x86-64's number of the system call
SIGNED = b"~Module signature appended~\n"
THIS_MODULE = ".gnu.linkonce.this_module"


def compare(
    files: list[str], switches: dict[str, Any], kernel: str = "", plan: Plan = TWO_AREAS
) -> list[dict[str, Any]]:
    """What of each of ``files``, loaded in this order, is not as we link it; see ``_one``.

    ``switches`` are of layout.Config. ``kernel`` is the ELF file of the kernel if its export tables hold
    addresses, else /proc/kallsyms is read.
    """
    config = LayoutConfig(plan, **switches)
    symbols = exports(kernel) if kernel else kallsyms()
    return [_one(path, config, symbols) for path in files]


def compare_patched(
    files: list[str], switches: dict[str, Any], plan: Plan = TWO_AREAS
) -> list[dict[str, Any]]:
    """The same with our patches; what differed ``unpatched``, and their numbers of places ``patched``."""
    config, symbols = LayoutConfig(plan, **switches), kallsyms()
    keys = {
        at: symbols[f"__SCK__{name.removeprefix(TRAMPOLINE)}"]
        for name, at in symbols.items()
        if name.startswith(TRAMPOLINE) and f"__SCK__{name.removeprefix(TRAMPOLINE)}" in symbols
    }
    machine = RunningKernel(sorts_pairs=plan is SEVEN_AREAS, static_keys=keys)
    return [_one(path, config, symbols, machine) for path in files]


def compare_seven_patched(files: list[str], switches: dict[str, Any]) -> list[dict[str, Any]]:
    """The same of ``compare_patched``."""
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
    """Value, type and name of each symbol that stays when init is over, as we find them."""
    table, tail = image.module.symbols, image.layout.tail
    names = [(at, table.name(at)) for at in (tail.kept if tail else ()) if at]
    return [
        (values[at], kind(image, table.infos[at], table.sections[at]), name) for at, name in names if name
    ]


def shown(module: str) -> list[tuple[int, str, str]]:
    """The same as the kernel shows them; a letter's case is about exports."""
    with open("/proc/kallsyms", encoding="utf-8") as file:
        rows = [line.split() for line in file if line.endswith(f"[{module}]\n")]
    return [(int(row[0], 16), row[1].lower(), row[2]) for row in rows]


def _patch(image: Image, values: list[int], machine: RunningKernel) -> dict[str, Any]:
    unpatched = patches.compare(image, values, read_memory)
    places = patch.apply(image, values, machine)
    return {"unpatched": unpatched["changed"], "patched": places}


def without_init(data: bytes, functions: tuple[bytes, ...] = (b"init_module",)) -> bytes:
    """The module ``data`` with an init that is NULL, and so the other ``functions``."""
    elf = Elf(data)
    names = [section.name for section in elf.sections]
    copy = bytearray(data)
    if f".rela{THIS_MODULE}" not in names:  # neither init nor exit
        return data.removesuffix(SIGNED)
    table = elf.sections[names.index(f".rela{THIS_MODULE}")]
    strings = elf.section(".strtab") or b""
    symbols = elf.section(".symtab") or b""
    for at in range(table.sh_offset, table.sh_offset + table.sh_size, 24):
        _, number, symbol, _ = unpack_from("<QIIq", copy, at)
        start = unpack_from("<I", symbols, 24 * symbol)[0]
        if number == 1 and strings[start : strings.index(b"\0", start)] in functions:
            pack_into("<I", copy, at + 8, 0)  # R_X86_64_NONE
    return bytes(copy).removesuffix(SIGNED)  # unsigned, for the signature is no longer right


def insert(data: bytes, name: str) -> None:
    """Load ``data``."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(INIT_MODULE, ctypes.c_char_p(data), ctypes.c_ulong(len(data)), ctypes.c_char_p(b"")):
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def init_sizes_of_requests(files: list[str], switches: dict[str, Any]) -> dict[str, list[int]]:
    """Our and the kernel's initsize of those of ``files`` whose init() asks for another module.

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
    """Our and the kernel's initsize of those of ``files`` whose init() takes long enough to look.

    ``read`` is called whenever a size was read.
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


def addresses(name: str) -> dict[str, int]:
    """Where the kernel says that the sections of ``name`` are."""
    folder = f"/sys/module/{name}/sections"
    return {one: number(f"{folder}/{one}") for one in os.listdir(folder)}


def number(path: str) -> int:
    """The number in the file ``path``."""
    with open(path, encoding="ascii") as file:
        return int(file.read(), 0)


def find_bases(module: Object, plan: Layout, theirs: dict[str, int]) -> list[int]:
    """Where the areas of ``plan`` begin if one section of each is where the kernel says."""
    bases = [0] * len(plan.sizes)
    for at, placed in enumerate(plan.placed):
        name = module.sections[at].name
        if placed and name in theirs and not bases[placed.area]:
            bases[placed.area] = theirs[name] - placed.offset
    return bases


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
    """The addresses of the symbols of the kernel or of one module; of equal names the global one's."""
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


def add_exports(module: Object, values: list[int], symbols: dict[str, int]) -> None:
    """Make what ``module`` exports known to those loaded after it."""
    table = module.symbols
    names = [table.name(at) for at in range(len(table))]
    by_name = {names[at]: value for at, value in enumerate(values) if table.infos[at] >> 4}
    for name in names:
        if name.startswith("__ksymtab_"):
            symbols[name.removeprefix("__ksymtab_")] = by_name[name.removeprefix("__ksymtab_")]


def read_memory(address: int, size: int) -> bytes:
    """What the kernel has at ``address``."""
    for low, length, start in _loaded():
        if low <= address < low + length:
            return os.pread(_core(), size, start + address - low)
    raise LookupError(f"{address:#x} is not in /proc/kcore")


@cache
def _core() -> int:
    return os.open("/proc/kcore", os.O_RDONLY)


@cache
def _loaded() -> list[tuple[int, int, int]]:
    """Address, bytes and offset of what /proc/kcore holds."""
    head = os.pread(_core(), 64, 0)
    offset, count = unpack_from("<Q", head, 32)[0], unpack_from("<H", head, 56)[0]
    rows = iter_unpack("<IIQQQQQQ", os.pread(_core(), 56 * count, offset))
    return [(low, length, start) for kind, _, start, low, _, length, _, _ in rows if kind == 1]
