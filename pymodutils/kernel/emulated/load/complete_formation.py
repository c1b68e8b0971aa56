"""Make a linked module visible: exports, notifiers, sysfs; complete_formation."""

from __future__ import annotations

from errno import EEXIST, EINVAL, ENOEXEC
from struct import Struct
from typing import TYPE_CHECKING, Final

from pymodutils.elf.headers import PREFIXES
from pymodutils.elf.ksymtab import FLAGS, Export, KsymtabFormat, gpl_only
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.load import (
    btf_parse_module,
    do_init_module,
    find_symbol,
    trace_events,
    trace_printk,
)
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.params import module_params
from pymodutils.kernel.emulated.params.table import PREALLOC, VALID
from pymodutils.kernel.emulated.rules import PREL32
from pymodutils.kernel.emulated.state.taints import Taint
from pymodutils.link.failure import OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.emulated.load.load_info import LoadInfo

TABLES: Final = ("", "_gpl")  # in the kernel's order
FLAGS_SINCE: Final = (7, 0)  # from this release on: one table, with a byte of flags per entry
NAMESPACES_SINCE: Final = (5, 4)
SECTIONS_NEEDED_SINCE: Final = (6, 12)  # before this release, sysfs may lack them
KOBJECT_SINCE: Final = (6, 6)  # prefix of kobject messages
NAME: Final = 1025  # limit of an export's name in bytes


def exports(load: LoadInfo) -> list[list[tuple[str, Export]]]:
    """The exports in each table of the module, with names read from its memory."""
    return [list(_table(load, table)) for table in tables(load)]


def tables(load: LoadInfo) -> tuple[str, ...]:
    """The suffixes of the __ksymtab sections used by this kernel."""
    return TABLES[:1] if load.rules.since(*FLAGS_SINCE) else TABLES


def _table(load: LoadInfo, table: str) -> Iterator[tuple[str, Export]]:
    at = load.find(f"__ksymtab{table}")
    if not at or load.image.layout.placed[at] is None:
        return
    arch, shape, crcs = load.rules.arch, KsymtabFormat(load.on(PREL32)), _crcs(load, f"__kcrctab{table}")
    raw, address = load.image.section(at), load.image.addresses[at]
    rows = shape.rows(raw, len(raw) // shape.size(arch.bits), address, arch.bits, arch.order)
    for number, ((value, name, space), gpl) in enumerate(
        zip(rows, _gpl(load, table, len(rows)), strict=True)
    ):
        crc = crcs[number] if number < len(crcs) else None
        named = _string(load, name)
        yield named, Export(value, crc, gpl, _string(load, space) if space else "")


def _gpl(load: LoadInfo, table: str, count: int) -> list[bool]:
    """Whether each of the ``count`` exports of a table is GPL-only."""
    if not load.rules.since(*FLAGS_SINCE):
        return [table == "_gpl"] * count
    flags = _loaded(load, FLAGS)[:count]
    if len(flags) < count:
        raise OutOfBounds(load.module.name, f"{FLAGS} is shorter than __ksymtab")
    return gpl_only(flags)


def _loaded(load: LoadInfo, name: str) -> bytes:
    """The contents in memory of the section ``name``; empty if absent."""
    at = load.find(name)
    return bytes(load.image.section(at)) if at and load.image.layout.placed[at] is not None else b""


def _crcs(load: LoadInfo, name: str) -> list[int]:
    raw = _loaded(load, name)
    code = Struct(PREFIXES[load.rules.arch.order] + "I")
    return [crc for (crc,) in code.iter_unpack(raw[: len(raw) // 4 * 4])]


def _string(load: LoadInfo, address: int) -> str:
    for area, memory in zip(load.module.areas, load.image.memory, strict=True):
        if area.base <= address < area.base + area.size:
            start = address - area.base
            end = memory.find(b"\0", start, start + NAME)
            if end >= 0:
                return memory[start:end].decode("utf-8", "surrogateescape")
    raise OutOfBounds(load.module.name, "the name of an export lies outside the module")


def complete(load: LoadInfo) -> None:
    """Refuse duplicate exports, then make the module visible; complete_formation."""
    found = exports(load)
    names = [name for rows in found for name, _ in rows]
    exporters = load.state.exporters(names)
    for name in names:
        taken = exporters.find(name)
        if taken:
            owner = taken.owner.name if taken.owner else "kernel"
            load.because(CauseKind.DUPLICATE, name, owner=owner)
            load.refuse(ENOEXEC, f"{load.module.name}: exports duplicate symbol {name} (owned by {owner})")
    load.module.state = State.COMING
    load.state.add(load.module, load.image.memory, keeps_memory=load.caller.keeps_memory)
    load.state.add_exports(load.module, [row for rows in found for row in _findable(rows)])
    for used in load.used:
        load.state.use(load.module, used)
        used.refs += 1
        load.state.save(used)


def _findable(rows: list[tuple[str, Export]]) -> list[tuple[str, Export]]:
    """The exports found by binary search: in an unsorted table some are not."""
    names = [name.encode("utf-8", "surrogateescape") for name, _ in rows]
    return [rows[at] for at in find_symbol.findable(names)]


def announce(load: LoadInfo) -> None:
    """Call the notifiers, any of which may refuse the load; prepare_coming_module."""
    trace_events.add(load)
    trace_printk.banner(load)
    btf_parse_module.notify(load)
    load.caller.notifiers.coming(load.module)


def sysfs(load: LoadInfo) -> None:
    """Add the module to /sys/module, if its name is free; mod_sysfs_setup."""
    name = load.module.name
    if load.state.is_builtin(name):
        load.because(CauseKind.BUILTIN, name)
        load.refuse(EINVAL, f"{name}: module is already loaded")
    if _is_shown(load, name):
        load.because(CauseKind.PRESENT, name)
        load.refuse(EINVAL, f"{name}: module is already loaded")
    if "/" in name and (_is_shown(load, shown := name.replace("/", "!")) or load.state.is_builtin(shown)):
        load.log(WARNING, f"sysfs: cannot create duplicate filename '/module/{shown}'")
        again = "don't try to register things with the same name in the same directory."
        prefix = "kobject: " if load.rules.since(*KOBJECT_SINCE) else ""
        load.because(CauseKind.PRESENT, name)
        load.refuse(EEXIST, f"{prefix}kobject_add_internal failed for {shown} with -EEXIST, {again}")
    if not name:
        load.state.taint(Taint.WARNED)
        place = load.image.addresses[load.this_module]
        load.refuse(EINVAL, f"kobject: ({place:016x}): attempted to be registered with empty name!", WARNING)
    if not _parameters(load):
        load.refuse(EEXIST)
    sections = [section.name for section in load.module.sections if section.size]
    clash = load.on("KALLSYMS") and _clash(load, "sections", sections)
    if clash and load.rules.since(*SECTIONS_NEEDED_SINCE):
        load.refuse(EEXIST)


def _is_shown(load: LoadInfo, name: str) -> bool:
    """Whether sysfs, which replaces slashes by exclamation marks, shows another module as ``name``."""
    return any(it.id != load.module.id for it in load.state.shown_as(name))


def _parameters(load: LoadInfo) -> bool:
    """Whether all parameter files can be created; invalid permissions only cause a warning."""
    names: set[str] = set()
    for param in module_params.files(load):
        name = param.name.decode("utf-8", "surrogateescape")
        if param.perm & ~(VALID | PREALLOC):
            load.log(WARNING, f"Attribute {name}: Invalid permissions 0{param.perm:o}")
            mode = f"0{param.perm & ~PREALLOC:o}"
            load.because(CauseKind.PERMISSIONS, name, found=mode, expected=f"0{param.mode:o}", passes=True)
            load.state.taint(Taint.WARNED)
        if name in names:
            return not _clash(load, "parameters", [name, name])
        names.add(name)
    return True


def _clash(load: LoadInfo, folder: str, names: list[str]) -> bool:
    """Whether two files of the module's ``folder`` in sysfs have the same name, which is an error."""
    if len(set(names)) == len(names):
        return False
    again = next(name for at, name in enumerate(names) if name in names[:at])
    path = f"/module/{load.module.name.replace('/', '!')}/{folder}/{again}"
    load.log(WARNING, f"sysfs: cannot create duplicate filename '{path}'")
    return True


def vanish(load: LoadInfo) -> None:
    """Undo ``complete`` after a notifier refused the module."""
    do_init_module.free(load.state, load.module)


def undo(load: LoadInfo) -> None:
    """Undo it after all notifiers were called."""
    load.module.state = State.GOING
    load.caller.notifiers.going(load.module)
    vanish(load)
