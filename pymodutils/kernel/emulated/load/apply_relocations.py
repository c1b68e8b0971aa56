"""Link a module at its address: relocations, exception table, per-CPU data, kallsyms, functions."""

from __future__ import annotations

from errno import EINVAL
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import BTF, SHT_REL, SHT_RELA
from pymodutils.elf.headers import PREFIXES
from pymodutils.elf.ksymtab import FLAGS
from pymodutils.kern_levels import WARNING
from pymodutils.kernel.emulated.load import check_modinfo, klp_apply_section_relocs
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.load.complete_formation import FLAGS_SINCE, tables
from pymodutils.kernel.emulated.load.elf_header import NAMELESS
from pymodutils.link import extable
from pymodutils.link.failure import OutOfBounds
from pymodutils.link.kallsyms import fill, keep
from pymodutils.link.reloc_section import decode
from pymodutils.link.relocate import PERCPU_SINCE, relocate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.kernel.emulated.load.load_info import LoadInfo

IMPORT_NS_SINCE: Final = (7, 0)  # the attribute in /sys/module/NAME
POINTERS: Final = (
    4  # pointers in struct module to be relocated: its functions, and on m68k two of the machine's
)
OBSOLETE: Final = ("__ksymtab_gpl", "__kcrctab_gpl")
INIT, EXIT = "init_module", "cleanup_module"


def find_sections(load: LoadInfo) -> None:
    """Check the optional sections; kernel/module/main.c: find_module_sections.

    The symbol table and its strings are in memory, so their names are compared too; the search for .BTF
    includes all sections.
    """
    names = [section.name for section in load.sections[1:]]
    if load.rules.since(*FLAGS_SINCE):
        _ignore_obsolete(load)
    if load.rules.layout.kallsyms:
        _names_lie_inside(load, [load.sections[at].name for at in (load.object.symtab, load.object.strtab)])
    if load.on("DEBUG_INFO_BTF_MODULES"):
        _names_lie_inside(load, names[: names.index(BTF)] if BTF in names else names)
    if load.on("CONSTRUCTORS") and load.find(".ctors") and load.find(".init_array"):
        load.refuse(EINVAL, f"{load.module.name}: has both .ctors and .init_array.", WARNING)
    if load.find("__obsparm"):
        load.log(WARNING, f"{load.module.name}: Ignoring obsolete parameters")


def _ignore_obsolete(load: LoadInfo) -> None:
    """Warn about the tables of GPL-only exports, replaced by __kflagstab."""
    for name in filter(load.find, OBSOLETE):
        load.log(WARNING, f"{load.module.name}: ignoring obsolete section {name}")


def _names_lie_inside(load: LoadInfo, names: Sequence[str]) -> None:
    if NAMELESS in names:
        raise OutOfBounds(load.name, "the name of a section lies outside the file")


def export_sections(load: LoadInfo) -> None:
    """Refuse exports without flags or CRCs; check_export_symbol_sections."""
    if load.rules.since(*FLAGS_SINCE) and load.lacks(FLAGS):
        load.because(CauseKind.NO_FLAGS)
        load.refuse(text=f"{load.module.name}: no flags for exported symbols")
    lacking = load.on("MODVERSIONS") and any(load.lacks(f"__kcrctab{it}", it) for it in tables(load))
    if lacking and not check_modinfo.force(load, "no versions for exported symbols"):
        load.because(CauseKind.NO_CRCS)
        load.refuse()


def relocations(load: LoadInfo) -> None:
    """Apply all relocations, and find init() and exit()."""
    if len(_patches(load)) > POINTERS:
        raise OutOfBounds(load.module.name, "its relocations overwrite struct module")
    name, percpu = load.module.name, load.rules.since(*PERCPU_SINCE)
    applies = partial(klp_apply_section_relocs.applies, load)
    relocate(load.image, load.values, name, load.log, kernel=_stubs(load), percpu=percpu, applies=applies)
    extable.sort(load.image)
    keep(load.image, load.values)
    if load.state.behaviour(load.module.name).init_seconds:
        fill(load.image, load.values)
    load.module.init, load.module.exit = _pointers(load)
    load.module.version, load.module.srcversion = load.modinfo("version"), load.modinfo("srcversion")
    spaces = list(load.all_modinfo("import_ns")) if load.rules.since(*IMPORT_NS_SINCE) else []
    load.module.import_ns = "\n".join(spaces) if spaces else None


def finalize(load: LoadInfo) -> None:
    """Search all sections by name for the machine; module_finalize."""
    _names_lie_inside(load, [section.name for section in load.sections])


def _stubs(load: LoadInfo) -> dict[str, int]:
    """The addresses of kernel functions that the stubs of some machines call."""
    found = {name: load.state.export(name) for name in load.object.arch.calls}
    return {name: it.export.address or 0 for name, it in found.items() if it}


def _pointers(load: LoadInfo) -> tuple[int, int]:
    """The addresses of init() and exit() in struct module, from their relocations."""
    arch, found = load.object.arch, {INIT: 0, EXIT: 0}
    word = Struct(PREFIXES[arch.order] + ("Q" if arch.bits == 64 else "I"))  # noqa: PLR2004
    memory = load.image.section(load.this_module)
    for symbol, offset in _patches(load):
        inside = symbol < len(load.object.symbols) and offset + word.size <= len(memory)
        name = load.object.symbols.name(symbol) if inside else ""
        if name in found:
            (found[name],) = word.unpack_from(memory, offset)
    return found[INIT], found[EXIT]


def _patches(load: LoadInfo) -> list[tuple[int, int]]:
    """Symbol and offset of each relocation in struct module."""
    found: list[tuple[int, int]] = []
    for at, section in enumerate(load.sections):
        if at and section.sh_type in (SHT_REL, SHT_RELA) and section.sh_info == load.this_module:
            rela = section.sh_type == SHT_RELA
            relocs = decode(load.object.arch, load.image.section(at), rela=rela)
            found += zip(relocs.symbols, relocs.offsets, strict=True)
    return found
