"""Allocate memory for a module and copy its sections; kernel/module/main.c: layout_and_allocate."""

from __future__ import annotations

from errno import EBUSY, EEXIST, ENOMEM
from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.base import Init, State
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.load.load_info import NAME_LENGTH, NAME_OFFSET, Wait
from pymodutils.kernel.emulated.state import vmalloc
from pymodutils.kernel.emulated.state.module import Area, CoreKallsyms, PerCpu, SectAttr
from pymodutils.kernel.emulated.state.taints import Taint
from pymodutils.link import frob as machine
from pymodutils.link.failure import NoMemory, OutOfBounds
from pymodutils.link.image import Image
from pymodutils.link.layout import UNLOADED, layout

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.load_info import LoadInfo
    from pymodutils.link.layout import Layout

WRITE_EXEC: Final = SHF_WRITE | SHF_EXECINSTR
SMALLEST: Final = 4  # granularity of per-CPU memory in bytes; PCPU_MIN_ALLOC_SIZE
LARGEST: Final = 32 << 10  # bytes of the largest per-CPU allocation; PCPU_MIN_UNIT_SIZE
EXECMEM_SINCE: Final = (6, 10)  # from this release on, execmem allocates memory for modules
SHORT: Final = "use vmalloc=<size> to increase size"
TEMPORARY: Final = 0xFFFF_C900_1000_0000  # assumed address of the kernel's copy of the file
UML_TEMPORARY: Final = 1 << 28  # the same in User Mode Linux, relative to the first module address


def frob(load: LoadInfo) -> None:
    """Let the architecture reserve space; module_frob_arch_sections."""
    load.object = machine.frob(load.object, load.rules.layout, load.module.name)
    load.sections = list(load.object.sections)


def write_exec(load: LoadInfo) -> None:
    """Refuse sections that are writable and executable; module_enforce_rwx_sections."""
    if not load.rules.layout.strict_rwx:
        return
    for at, section in enumerate(load.sections):
        if section.sh_flags & WRITE_EXEC == WRITE_EXEC:
            name = load.module.name
            load.because(CauseKind.WRITE_EXEC, section.name)
            load.refuse(text=f"{name}: section {section.name} (index {at}) has invalid WRITE|EXEC flags")


def place(load: LoadInfo) -> None:
    """Lay out the sections, allocate memory, and copy them."""
    _struct_module(load)
    plan = _plan(load)
    load.module.areas = _areas(load, plan)
    load.image = Image(load.object, plan, [area.base for area in load.module.areas], _temporary(load))
    load.module.sections = [
        SectAttr(it.name, where.area, address, it.sh_size, it.sh_flags, it.sh_type, it.sh_addralign)
        for it, where, address in zip(load.sections, plan.placed, load.image.addresses, strict=True)
        if where is not None
    ]
    if plan.tail:
        tail = plan.tail
        load.module.tail = CoreKallsyms(tail.area, tail.symbols, tail.strings, tail.types, len(tail.kept))


def _temporary(load: LoadInfo) -> int:
    """The address of the kernel's copy of the file."""
    return vmalloc.ranges(load.rules.arch)[0].low + UML_TEMPORARY if load.on("UML") else TEMPORARY


def _plan(load: LoadInfo) -> Layout:
    unloaded = UNLOADED if not load.flags & Init.IGNORE_MODVERSIONS else (".modinfo",)
    patch = load.on("LIVEPATCH") and load.modinfo("livepatch") is not None
    try:
        return layout(load.object, load.rules.layout, unloaded=unloaded, livepatch=patch)
    except NoMemory:
        if load.rules.since(*EXECMEM_SINCE):
            load.log(WARNING, "execmem: unable to allocate memory")
        raise


def _struct_module(load: LoadInfo) -> None:
    """Refuse a struct module that is not empty, or shorter than the kernel's, which would overrun it."""
    section = load.sections[load.this_module]
    if section.sh_size < load.rules.module_size or section.sh_type == SHT_NOBITS:
        load.because(
            CauseKind.STRUCT_MODULE, found=str(section.sh_size), expected=str(load.rules.module_size)
        )
        if load.caller.keeps_going:
            return
        had = f"{section.sh_size} bytes, the kernel's {load.rules.module_size}"
        raise OutOfBounds(load.name, f"struct module has {had}")
    bits = load.rules.arch.bits
    start = NAME_OFFSET[bits]
    content = load.object.content(load.this_module)
    if any(content[:start]) or any(content[start + NAME_LENGTH[bits] :]):
        raise OutOfBounds(load.name, "struct module has more than a name in it, which the kernel takes over")


def _areas(load: LoadInfo, plan: Layout) -> list[Area]:
    core, page = set(plan.plan.core), load.rules.layout.page
    found = []
    for at, (name, size) in enumerate(zip(plan.plan.areas, plan.sizes, strict=True)):
        base = load.caller.base(load.module.name, name)
        if base is None and size:
            base = vmalloc.take(load.state.store, size, page, load.rules.arch)
            if base is None:
                load.log(WARNING, f"vmap allocation for size {size + page} failed: {SHORT}")
                load.refuse(ENOMEM)
        found.append(Area(name, base or 0, size, at not in core))
    return found


def reserve_name(load: LoadInfo) -> None:
    """Refuse a name in use; raises Wait while its owner is coming; add_unformed_module."""
    old = load.state.find(load.module.name)
    if old is None:
        if load.caller.waited_for == load.module.name:
            load.refuse(EBUSY)
        return
    if old.state is State.COMING:
        load.caller.waited_for = old.name
        raise Wait(old.until or 0)
    load.because(CauseKind.PRESENT, old.name)
    load.refuse(EEXIST if old.state is State.LIVE else EBUSY)


def percpu(load: LoadInfo) -> None:
    """Allocate reserved per-CPU memory for the module; percpu_modalloc."""
    if not load.percpu:
        return
    section, page, name = load.sections[load.percpu], load.rules.layout.page, load.module.name
    align = section.sh_addralign
    if not section.sh_size:
        return
    if align > page:
        load.log(WARNING, f"{name}: per-cpu alignment {align} > {page}")
        align = page
    at = _percpu_room(load, section.sh_size, max(align, SMALLEST))
    if at is None:
        load.refuse(ENOMEM, f"{name}: Could not allocate {section.sh_size} bytes percpu data", WARNING)
    load.module.percpu = PerCpu(at, section.sh_size, align)


def _percpu_room(load: LoadInfo, size: int, align: int) -> int | None:
    """The address of ``size`` free bytes; None, with a log message, if there are none; pcpu_alloc."""
    size = vmalloc.whole(size, SMALLEST)
    if size > LARGEST or align & align - 1:
        load.log(WARNING, f"illegal size ({size}) or align ({align}) for percpu allocation")
        load.state.taint(Taint.WARNED)
        return None
    at = vmalloc.percpu(load.state.percpu(), size, align, load.rules.percpu)
    if at is None:
        tried = f"allocation failed, size={size} align={align} atomic=0, alloc from reserved chunk failed"
        load.log(WARNING, f"percpu: {tried}")
    return at


def give_back(load: LoadInfo) -> None:
    """Free the memory of a module that failed to load."""
    for area in load.module.areas:
        if area.size and load.caller.base(load.module.name, area.name) is None:
            vmalloc.give_back(load.state.store, area.base, area.size, load.rules.layout.page)
