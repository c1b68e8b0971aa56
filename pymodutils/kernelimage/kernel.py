"""Read a kernel image: exports, evidence and other properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import arch as archs
from pymodutils.elf.constants import ELFMAG
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadKernel, BadModule
from pymodutils.kernelimage import (
    btf,
    builtins,
    container,
    drivers,
    evidence,
    exports,
    kallsyms,
    kallsyms_tables,
    keys,
    linkbase,
    payload,
    search,
)
from pymodutils.kernelimage.memory import Region, at_base, of_sections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.elf.ksymtab import Export
    from pymodutils.kernelimage.container import UnwrappedImage
    from pymodutils.kernelimage.evidence import Evidence
    from pymodutils.kernelimage.kallsyms import Symbols
    from pymodutils.kernelimage.memory import ImageMemory
    from pymodutils.kernelimage.payload import Spend

PER_CPU: Final = ".data..percpu"
TEXT: Final = b"_text"  # where an image begins
PER_CPU_END: Final = b"__per_cpu_end"
WANTED: Final = (*builtins.SYMBOLS, *drivers.SYMBOLS, PER_CPU_END)
INIT_TEXT: Final = ".init.text"


class KernelImage(NamedTuple):
    """The properties of a kernel image; ``remarks`` explains missing ones."""

    container: str
    machine: int  # e_machine
    bits: int
    order: str  # "little" or "big"
    exports: dict[str, Export]
    evidence: Evidence
    module_size: int | None  # sizeof(struct module)
    page_size: int | None
    keys: tuple[bytes, ...]  # certificates in DER
    remarks: dict[str, str]
    builtins: tuple[str, ...] | None  # those with a directory in /sys/module
    percpu: int | None  # __per_cpu_end
    btf: bytes | None
    kallsyms: bytes | None  # packed
    switches: dict[str, bool]  # that only this machine has
    linked: int | None  # where the first byte of a raw image is linked


class _Exports(NamedTuple):
    machine: int
    bits: int
    order: str
    exports: dict[str, Export]
    remarks: dict[str, str]
    builtins: tuple[str, ...] | None = None
    percpu: int | None = None
    kallsyms: bytes | None = None
    linked: int | None = None


def read(data: bytes, subject: str, spend: Spend = payload.free) -> KernelImage:
    """The properties of the kernel image ``data``; raises BadKernel for ``subject``; see container.unwrap."""
    image = container.unwrap(data, subject, spend)
    try:
        found = _sections(image) if image.data[:4] == ELFMAG else _raw(image)
    except (BadKernel, BadModule) as error:
        raise BadKernel(subject, f"{subject}: {error}") from None
    if not found.exports:
        why = "a kernel built without CONFIG_MODULES, or stripped of its section headers?"
        raise BadKernel(subject, f"{subject}: this image has no export tables: {why}")
    blobs = btf.find(image.data, found.order)
    return KernelImage(
        container=image.container,
        evidence=evidence.gather(image.data),
        module_size=btf.struct_size(blobs, "module", found.order),
        page_size=_page_size(image),
        btf=blobs[0].whole if len(blobs) == 1 else None,
        switches=_switches(image.data, found.machine),
        keys=keys.find(image.data, found.bits, found.order),
        **found._asdict(),
    )


def _switches(data: bytes, machine: int) -> dict[str, bool]:
    """The machine-specific options revealed by strings in the image."""
    texts = (each for arch in archs.of_machine(machine) for each in arch.image_texts.items())
    return {option: text in data for option, text in texts}


def _page_size(image: UnwrappedImage) -> int | None:
    """The page size, if the header of a raw image has it."""
    if image.data[:4] == ELFMAG:
        return None
    arch = next(iter(archs.of_machine(image.machine)), None)
    return arch.image_page_size(image.data) if arch and arch.image_page_size else None


def _sections(image: UnwrappedImage) -> _Exports:
    elf = Elf(image.data, "its ELF part")
    memory = of_sections(image.data, elf)
    found = exports.in_sections(memory, elf)
    if found is None:
        return _Exports(elf.machine, elf.bits, elf.order, {}, {})
    shape, tables = found
    exported = exports.read(memory, shape, tables)
    packed, symbols = _symbols(memory, exported)
    return _Exports(
        elf.machine,
        elf.bits,
        elf.order,
        exported,
        _no_crcs(tables, True),
        _shown(memory, elf, exported, symbols),
        _percpu(elf),
        packed,
    )


def _symbols(memory: ImageMemory, exported: Mapping[str, Export]) -> tuple[bytes | None, Symbols]:
    """All symbols, packed, and those of WANTED, if exported ones have the addresses of their exports."""
    packed = kallsyms_tables.find(memory)
    if packed is None:
        return None, {}
    table, places = kallsyms.KallsymsTable(packed), _places(exported)
    places -= {*table.named({address for _, address in places})}
    elsewhere = {name for name, _ in places}
    symbols = table.find({*elsewhere, *WANTED})
    return (None, {}) if elsewhere & symbols.keys() else (packed, symbols)


def _places(exported: Mapping[str, Export]) -> set[tuple[bytes, int]]:
    """The name and address of each of the exports; -1 if unknown."""
    return {
        (name.encode("utf-8", "surrogateescape"), -1 if export.address is None else export.address)
        for name, export in exported.items()
    }


def _shown(
    memory: ImageMemory, elf: Elf, exported: Mapping[str, Export], symbols: Symbols
) -> tuple[str, ...] | None:
    """The built-in modules that /sys/module shows: those with parameters or a version, and drivers."""
    shown = builtins.in_sections(memory, elf)
    calls = next((arch.image_calls for arch in archs.of_machine(elf.machine)), None)
    if shown is None or calls is None:
        return shown
    code = (one for one in elf.sections if one.name == INIT_TEXT)
    regions = [Region(one.sh_addr, one.sh_offset, one.sh_size) for one in code]
    found = (name for one in regions for name in drivers.registered(memory, one, calls, exported, symbols))
    return tuple(sorted({*shown, *found}))


def _percpu(elf: Elf) -> int | None:
    """The end of the kernel's own per-CPU data: an address, or an offset if it starts at 0."""
    ends = (one.sh_addr + one.sh_size for one in elf.sections if one.name == PER_CPU and one.sh_size)
    return next(ends, None)


def _raw(image: UnwrappedImage) -> _Exports:
    bits, order = image.bits or 64, image.order or "little"
    found = search.search(image.data, bits, order, relative=_is_relative(image))
    if found is None:
        return _Exports(image.machine, bits, order, {}, {})
    remarks = _no_crcs(found.tables, found.crcs_known)
    memory, base = found.memory, None
    if found.shape.relative:
        kinds = [arch.image_relative for arch in archs.of_machine(image.machine)]
        base = linkbase.find(image.data, next(filter(None, kinds), 0))
        base = base or _base(at_base(image.data, 0, bits, order))
        memory = at_base(image.data, base or 0, bits, order)
        if base is None:
            remarks["addresses"] = "the image does not tell where it is linked"
    table = _addresses(exports.read(memory, found.shape, found.tables), remarks)
    packed, symbols = (None, {}) if "addresses" in remarks else _symbols(memory, table)
    shown, ends = builtins.by_symbols(memory, symbols), symbols.get(PER_CPU_END, ())
    return _Exports(image.machine, bits, order, table, remarks, shown, next(iter(ends), None), packed, base)


def _base(memory: ImageMemory) -> int | None:
    """The link address of the image in ``memory``, assumed to be at 0, if its symbols reveal it."""
    packed = kallsyms_tables.find(memory)
    places = kallsyms.KallsymsTable(packed).find([TEXT]) if packed else {}
    return next(iter(places.get(TEXT, ())), None) or None


def _is_relative(image: UnwrappedImage) -> bool:
    """Whether the export tables of this machine's kernels contain relative offsets."""
    return any(arch.prel32 for arch in archs.of_machine(image.machine))


def _no_crcs(tables: list[exports.ExportTable], known: bool) -> dict[str, str]:
    if not known:
        return {"crcs": "what lies behind the export tables has not the size of CRCs"}
    return (
        {}
        if all(table.crcs for table in tables)
        else {"crcs": "the image has no CRCs (CONFIG_MODVERSIONS=n)"}
    )


def _addresses(table: dict[str, Export], remarks: dict[str, str]) -> dict[str, Export]:
    """``table`` without addresses that are relocated at boot (s390), or that have no base."""
    if "addresses" in remarks:
        return {name: export._replace(address=None) for name, export in table.items()}
    empty = [name for name, export in table.items() if not export.address]
    if empty:
        remarks["addresses"] = f"{len(empty)} of them are written by the kernel's own relocations at boot"
    return {name: export._replace(address=export.address or None) for name, export in table.items()}
