"""All that a kernel image tells: one call from the file's bytes to exports and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.constants import ELFMAG
from pymodutils.elf.kernelimage import (
    btf,
    builtins,
    container,
    evidence,
    exports,
    kallsyms,
    keys,
    linkbase,
    payload,
    search,
)
from pymodutils.elf.kernelimage.memory import at_base, of_sections
from pymodutils.elf.scan import Elf
from pymodutils.errors import BadKernel, BadModule

if TYPE_CHECKING:
    from pymodutils.elf.kernelimage.evidence import Evidence
    from pymodutils.elf.kernelimage.payload import Spend
    from pymodutils.elf.ksymtab import Export

PER_CPU: Final = ".data..percpu"
ARM64_PAGES: Final = {1: 4096, 2: 16384, 3: 65536}  # bits 1 and 2 of the flags; arm64/booting.rst


class KernelImage(NamedTuple):
    """What the image of a kernel says; ``remarks`` says what it leaves open and why."""

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


class _Exports(NamedTuple):
    machine: int
    bits: int
    order: str
    exports: dict[str, Export]
    remarks: dict[str, str]
    builtins: tuple[str, ...] | None = None
    percpu: int | None = None
    kallsyms: bytes | None = None


def read(data: bytes, subject: str, spend: Spend = payload.free) -> KernelImage:
    """What the kernel image ``data`` says; raises BadKernel about ``subject``; see container.unwrap."""
    image = container.unwrap(data, subject, spend)
    try:
        found = _sections(image) if image.data[:4] == ELFMAG else _raw(image)
    except (BadKernel, BadModule) as error:
        raise BadKernel(subject, f"{subject}: {error}") from None
    if not found.exports:
        why = "a kernel built without CONFIG_MODULES, or stripped of its section headers?"
        raise BadKernel(subject, f"{subject}: this image has no export tables: {why}")
    page = ARM64_PAGES.get(data[24] >> 1 & 3) if image.container.endswith("arm64 Image") else None
    return KernelImage(
        container=image.container,
        evidence=evidence.gather(image.data),
        module_size=btf.struct_size(image.data, "module", found.order),
        page_size=page,
        btf=btf.find(image.data, found.order),
        switches={"MODULE_SECTIONS": evidence.SECTIONS in image.data}
        if found.machine == container.EM_RISCV
        else {},
        keys=keys.find(image.data, found.bits, found.order),
        **found._asdict(),
    )


def _sections(image: container.UnwrappedImage) -> _Exports:
    elf = Elf(image.data, "its ELF part")
    memory = of_sections(image.data, elf)
    found = exports.in_sections(memory, elf)
    if found is None:
        return _Exports(elf.machine, elf.bits, elf.order, {}, {})
    shape, tables = found
    return _Exports(
        elf.machine,
        elf.bits,
        elf.order,
        exports.read(memory, shape, tables),
        _no_crcs(tables, True),
        builtins.in_sections(memory, elf),
        _percpu(elf),
        kallsyms.find(memory),
    )


def _percpu(elf: Elf) -> int | None:
    """Where the per-cpu data of the kernel itself ends; from 0 on it lies on x86-64 until 6.14."""
    ends = (one.sh_addr + one.sh_size for one in elf.sections if one.name == PER_CPU and one.sh_size)
    return next(ends, None)


def _raw(image: container.UnwrappedImage) -> _Exports:
    bits, order = image.bits or 64, image.order or "little"
    found = search.search(image.data, bits, order, relative=image.machine == container.EM_AARCH64)
    if found is None:
        return _Exports(image.machine, bits, order, {}, {})
    remarks = _no_crcs(found.tables, found.crcs_known)
    memory = found.memory
    if found.shape.relative:
        base = linkbase.find(image.data)
        memory = at_base(image.data, base or 0, bits, order)
        if base is None:
            remarks["addresses"] = "the image does not tell where it is linked"
    table = exports.read(memory, found.shape, found.tables)
    return _Exports(image.machine, bits, order, _addresses(table, remarks), remarks)


def _no_crcs(tables: list[exports.Table], known: bool) -> dict[str, str]:
    if not known:
        return {"crcs": "what lies behind the export tables has not the size of CRCs"}
    return (
        {}
        if all(table.crcs for table in tables)
        else {"crcs": "the image has no CRCs (CONFIG_MODVERSIONS=n)"}
    )


def _addresses(table: dict[str, Export], remarks: dict[str, str]) -> dict[str, Export]:
    """``table`` without addresses that only a relocation at boot will write (s390), or that have no base."""
    if "addresses" in remarks:
        return {name: export._replace(address=None) for name, export in table.items()}
    empty = [name for name, export in table.items() if not export.address]
    if empty:
        remarks["addresses"] = f"{len(empty)} of them are written by the kernel's own relocations at boot"
    return {name: export._replace(address=export.address or None) for name, export in table.items()}
