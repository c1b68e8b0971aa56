"""Describe a kernel from its modules: imports with CRCs, vermagic, sizeof(struct module)."""

from __future__ import annotations

from collections import Counter
from struct import calcsize, iter_unpack
from typing import TYPE_CHECKING, Final

from pymodutils.elf import decode
from pymodutils.elf.constants import SHN_UNDEF, STB_WEAK
from pymodutils.elf.headers import PREFIXES
from pymodutils.elf.ksymtab import Export
from pymodutils.kernel.description import Description
from pymodutils.kernel.sources.config import page_size
from pymodutils.kernelimage.evidence import of_vermagic

if TYPE_CHECKING:
    from pymodutils.elf.scan import Elf

THIS_MODULE: Final = ".gnu.linkonce.this_module"
TABLES: Final = ("__ksymtab", "__ksymtab_gpl")
PREL32: Final = "HAVE_ARCH_PREL32_RELOCATIONS"
WIDE: Final = 64  # bits of machines with different sizes of pointers and relative offsets
RELOCATIONS: Final = {".rela": "Q16x", ".rel": "Q8x"}  # prefix of the section -> struct code of r_offset


def _relative(relocations: bytes, code: str) -> bool:
    """Whether the fields of an export table are half words, by the spacing of relocations."""
    size = calcsize(code)
    whole = relocations[: len(relocations) // size * size]
    return any(offset % (WIDE // 8) for (offset,) in iter_unpack(code, whole))


class Union:
    """The modules seen so far; ``describe`` combines them."""

    def __init__(self) -> None:
        self.count = 0
        self.imports: dict[str, int | None] = {}
        self.exported: set[str] = set()
        self.clashes: set[str] = set()
        self.votes: dict[str, Counter[object]] = {
            "vermagic": Counter(),
            "size": Counter(),
            "elf": Counter(),
            "tables": Counter(),
        }

    def add(self, elf: Elf) -> None:
        """Add a module; raises BadModule if it is damaged."""
        self.count += 1
        self.votes["elf"][elf.machine, elf.bits, elf.order] += 1
        info = dict(decode.modinfo(elf.section(".modinfo") or b""))
        if "vermagic" in info:
            self.votes["vermagic"][info["vermagic"]] += 1
        size = elf.section(THIS_MODULE)
        if size:
            self.votes["size"][len(size)] += 1
        self._tables(elf)
        self.exported.update(map(decode.text, decode.strings(elf.section("__ksymtab_strings") or b"")))
        self._imports(elf)

    def _tables(self, elf: Elf) -> None:
        """Whether export tables contain pointers, or relative offsets of half a word."""
        if elf.bits != WIDE:
            return
        for prefix, code in RELOCATIONS.items():
            for raw in filter(None, (elf.section(prefix + table) for table in TABLES)):
                self.votes["tables"][_relative(raw, PREFIXES[elf.order] + code)] += 1

    def _imports(self, elf: Elf) -> None:
        versions = elf.section("__versions")
        if versions:
            for name, crc in decode.versions(versions, elf.bits, elf.order):
                if self.imports.setdefault(name, crc) not in (crc, None):
                    self.clashes.add(name)
            return
        symbols = decode.symbols(
            elf.section(".symtab") or b"", elf.section(".strtab") or b"", elf.bits, elf.order
        )
        for symbol in symbols[1:]:
            if symbol.st_shndx == SHN_UNDEF and symbol.binding != STB_WEAK and symbol.name:
                self.imports.setdefault(symbol.name, None)

    def describe(self, source: str) -> Description:
        """The description: its exports are the imports of modules that no module exports."""
        vermagic, size, elf = (self._common(what) for what in ("vermagic", "size", "elf"))
        machine, bits, order = elf if isinstance(elf, tuple) else (None, None, None)
        magic = vermagic if isinstance(vermagic, str) else None
        names = self.imports.keys() - self.exported
        relative = self._common("tables")
        tables = {PREL32: relative} if isinstance(relative, bool) else {}
        return Description(
            release=magic.split(" ")[0] if magic else None,
            vermagic=magic,
            machine=machine,
            bits=bits,
            order=order,
            page_size=page_size({}, machine),
            exports={name: Export(None, self.imports[name], None, None) for name in sorted(names)},
            switches={**(of_vermagic(magic) if magic else {}), **tables},
            module_size=size if isinstance(size, int) else None,
            sources=(f"{source} ({self.count} modules)",),
            conflicts=tuple(self._conflicts(source)),
        )

    def _common(self, what: str) -> object:
        best = self.votes[what].most_common(1)
        return best[0][0] if best else None

    def _conflicts(self, source: str) -> list[str]:
        names = {
            "vermagic": "vermagic",
            "size": "sizeof(struct module)",
            "elf": "architecture",
            "tables": "tables of exports",
        }
        told = [
            f"{names[what]}: {source} has modules with {len(votes)} different ones; the commonest is taken"
            for what, votes in self.votes.items()
            if len(votes) > 1
        ]
        if self.clashes:
            told.append(f"exports: {len(self.clashes)} have two CRCs in {source}; the first is taken")
        return told
