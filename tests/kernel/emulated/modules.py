"""Small kernels and modules, made without a compiler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import pack

from pymodutils.arch.x86 import X86_64
from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE
from pymodutils.elf.ksymtab import Export
from pymodutils.errors import Refused
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.link.objects import Part, Rel, Sym, make

MAGIC = "6.1.0-made SMP mod_unload modversions "
ABSOLUTE, RELATIVE, NOTHING = 1, 2, 0  # R_X86_64_64, R_X86_64_PC32, R_X86_64_NONE
LOCAL, GLOBAL, WEAK = 0x00, 0x10, 0x20
INIT_AT, EXIT_AT, STRUCT = 0x138, 0x328, 0x380  # in struct module
WRITE, CODE = SHF_ALLOC | SHF_WRITE, SHF_ALLOC | SHF_EXECINSTR
LAYOUT_CRC = 0x1234_5678
KERNEL_TEXT = 0xFFFF_FFFF_8100_0000
EXPORTS = {
    "module_layout": Export(KERNEL_TEXT, LAYOUT_CRC, gpl=False, namespace=""),
    "_printk": Export(KERNEL_TEXT + 0x1000, 0x92997ED8, gpl=False, namespace=""),
    "gpl_only": Export(KERNEL_TEXT + 0x2000, 0x11, gpl=True, namespace=""),
    "in_space": Export(KERNEL_TEXT + 0x3000, 0x22, gpl=False, namespace="SPACE"),
    "param_ops_int": Export(KERNEL_TEXT + 0x4000, 0x33, gpl=False, namespace=""),
}
SWITCHES = {
    "SMP": True,
    "MODVERSIONS": True,
    "MODULE_UNLOAD": True,
    "MODULE_FORCE_LOAD": True,
    "MODULE_FORCE_UNLOAD": True,
    "MODULE_SIG": False,
    "HAVE_ARCH_PREL32_RELOCATIONS": False,
    "STRICT_MODULE_RWX": True,
    "KALLSYMS": True,
    "KALLSYMS_ALL": True,
    "CRYPTO_MD5": True,
    "CRYPTO_SHA1": True,
    "CRYPTO_SHA3": True,
    "CRYPTO_SHA512": True,
    "MODULES": True,
    "PREEMPT_RT": False,
    "SYSFS": True,
}


class Clock:
    """A clock that advances when someone sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def description(**changes: bool) -> Description:
    """The default kernel description, with other switches."""
    return Description(
        release="6.1.0-made",
        version="#1 SMP",
        vermagic=MAGIC,
        machine=62,
        bits=64,
        order="little",
        page_size=4096,
        percpu=0x34000,
        exports=EXPORTS,
        complete=True,
        switches={**SWITCHES, **changes},
        generation="6.1",
        strict_versions=True,
    )


def kernel(path: str = ":memory:", *, cmdline: str = "", **changes: bool) -> EmulatedKernel:
    """The kernel, booted, with a clock that advances only by sleeping."""
    return EmulatedKernel.boot(description(**changes), path, cmdline=cmdline, clock=Clock())


def write_errno(booted: EmulatedKernel, path: str, data: bytes) -> int:
    """The errno of writing ``data`` to the file ``path``; 0 if it is taken."""
    try:
        booted.write(path, data)
    except Refused as refused:
        return refused.errno
    return 0


def module(
    name: str = "made",
    *,
    info: Sequence[str] = (),
    licence: str = "GPL",
    magic: str | None = MAGIC,
    imports: Sequence[str] = ("_printk",),
    weak: Sequence[str] = (),
    exports: Sequence[str] = (),
    gpl_exports: Sequence[str] = (),
    versions: Mapping[str, int] | None = None,
    parts: Sequence[Part] = (),
    relocs: Mapping[str, Sequence[Rel]] | None = None,
    functions: Sequence[str] = ("init_module", "cleanup_module"),
) -> bytes:
    """A module file for the default kernel.

    ``relocs`` are relocations of ``parts`` by name, in which symbol 1 is .text, and from 2 on are
    ``imports``. ``versions`` are the CRCs that it expects; by default, the kernel's.
    """
    said = ["license=" + licence, "intree=Y", f"name={name}", *info]
    said += [] if magic is None else [f"vermagic={magic}"]
    text = "".join(f"{entry}\0" for entry in said).encode()
    expected = {one: EXPORTS[one].crc or 0 for one in ("module_layout", *imports) if one in EXPORTS}
    expected |= versions or {}
    crcs = b"".join(pack("<Q56s", crc, one.encode()) for one, crc in expected.items())
    tables = {"": exports, "_gpl": gpl_exports}
    names = b"".join(f"{one}\0".encode() for one in (*exports, *gpl_exports))
    sections = [
        Part(".text", b"\0" * 64, CODE, align=16),
        Part(".init.text", b"\0" * 32, CODE, align=16),
        Part(".modinfo", text, SHF_ALLOC),
        Part("__versions", crcs, SHF_ALLOC, align=32),
        Part(".gnu.linkonce.this_module", _struct(name), WRITE, align=64),
        Part("__ksymtab_strings", names, SHF_ALLOC),
    ]
    symbols = [Sym("text", 0, 1, LOCAL | 2)]
    symbols += [Sym(one) for one in imports] + [Sym(one, info=WEAK) for one in weak]
    wanted: dict[int, list[Rel]] = {1: [Rel(16, RELATIVE, 2, -4)]} if imports else {}
    pointers = {"init_module": (INIT_AT, 2), "cleanup_module": (EXIT_AT, 1)}
    for function in functions:
        offset, section = pointers[function]
        symbols.append(Sym(function, 0, section, GLOBAL | 2))
        wanted.setdefault(5, []).append(Rel(offset, ABSOLUTE, len(symbols)))
    at = 0
    for table, listed in tables.items():
        if not listed:
            continue
        rows: list[Rel] = []
        sections.append(Part(f"__ksymtab{table}", b"\0" * 24 * len(listed), SHF_ALLOC, align=8))
        for number, one in enumerate(listed):
            symbols.append(Sym(one, 8 * number, 1, GLOBAL | 2))
            value = len(symbols)
            symbols.append(Sym(f"__kstrtab_{one}", at, 6, LOCAL))
            rows += [
                Rel(24 * number, ABSOLUTE, value),
                Rel(24 * number + 8, ABSOLUTE, len(symbols)),
            ]
            at += len(one) + 1
        wanted[len(sections)] = rows
        crc_table = b"".join(pack("<I", 0x100 + number) for number in range(len(listed)))
        sections.append(Part(f"__kcrctab{table}", crc_table, SHF_ALLOC, align=4))
    for part in parts:
        sections.append(part)
        if relocs and part.name in relocs:
            wanted[len(sections)] = list(relocs[part.name])
        symbols.append(Sym(f"in{part.name.replace('.', '_')}", 0, len(sections), GLOBAL | 1))
    return make(X86_64, sections, symbols, wanted)


def _struct(name: str) -> bytes:
    return (bytes(24) + name.encode()).ljust(STRUCT, b"\0")
