"""An ET_DYN module: segments, dynamic table, symbols and relocations."""

from __future__ import annotations

from errno import ENOEXEC
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.dyn import machines
from pymodutils.elf.constants import SHN_UNDEF, STT_SECTION
from pymodutils.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.dyn.machines import DynMachine

MAGIC, ET_DYN = b"\x7fELF", 3
PT_LOAD, PT_DYNAMIC = 1, 2
PLTRELSZ, HASH, STRTAB, SYMTAB, RELA, RELASZ, RELAENT = 2, 4, 5, 6, 7, 8, 9
SYMENT, INIT, FINI, REL, RELSZ, RELENT, PLTREL, JMPREL = 11, 12, 13, 17, 18, 19, 20, 23


class ClassLayout(NamedTuple):
    """The structures of one ELF class, with the members used."""

    header: str
    program: str
    segment: tuple[int, ...]  # p_type, p_offset, p_vaddr, p_filesz, p_memsz
    word: str
    symbol: str
    columns: tuple[int, ...]  # st_name, st_info, st_value, st_shndx
    number: int  # r_info >> number is the symbol


LAYOUTS: Final = {
    32: ClassLayout("16sHHIIIIIHHHHHH", "8I", (0, 1, 2, 4, 5), "I", "IIIBBH", (0, 3, 1, 5), 8),
    64: ClassLayout("16sHHIQQQIHHHHHH", "IIQQQQQQ", (0, 2, 3, 5, 6), "Q", "IBBHQQ", (0, 1, 4, 3), 32),
}


class LoadSegment(NamedTuple):
    """A PT_LOAD segment."""

    offset: int
    address: int
    file_size: int
    memory_size: int


class DynamicRelocation(NamedTuple):
    """A dynamic relocation; without ``addend``, the word at the place is the addend."""

    offset: int
    number: int
    symbol: int
    addend: int | None


class DynSymbol(NamedTuple):
    """An entry of .dynsym; a section symbol denotes the start of the module."""

    name: str
    value: int
    section: int


class SharedObject:
    """The module in ``data``; raises Refused with ENOEXEC if the loader does not accept the file."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        self.machine = self._machine()
        arch = self.machine.arch
        self.prefix = "<" if arch.order == "little" else ">"
        self.layout = LAYOUTS[arch.bits]
        self.segments: list[LoadSegment] = []
        self.dynamic: dict[int, int] = {}
        self._read_segments()
        self.start = min(segment.address for segment in self.segments)
        self.size = max(segment.address + segment.memory_size for segment in self.segments) - self.start
        self.memory = self._memory()
        self._read_dynamic()

    def refused(self, why: str = "the file is damaged") -> Refused:
        """The refusal of the file."""
        return Refused(self.name, f"{self.name}: Exec format error ({why})", ENOEXEC)

    def _machine(self) -> DynMachine:
        data = self.data
        order = {1: "little", 2: "big"}.get(data[5] if len(data) > 5 else 0)  # noqa: PLR2004 -- EI_DATA
        bits = {1: 32, 2: 64}.get(data[4] if order else 0)
        if data[:4] != MAGIC or order is None or bits is None:
            raise self.refused("no ELF file")
        number = int.from_bytes(data[18:20], order)  # type: ignore[arg-type]
        found = machines.find(number, bits, order)
        if found is None:
            raise self.refused(f"no kernel of 2.5-dyn for e_machine {number}, {bits} bits")
        return found

    def _read_segments(self) -> None:
        header, program = self._struct(self.layout.header), self._struct(self.layout.program)
        if len(self.data) < header.size:
            raise self.refused()
        _, kind, _, _, _, phoff, _, _, _, entry, count, *_ = header.unpack_from(self.data)
        if kind != ET_DYN:
            raise self.refused("no shared object: link it with ld -shared")
        if entry != program.size or phoff + entry * count > len(self.data):
            raise self.refused()
        self.dynamic_at = -1
        for at in range(count):
            row = program.unpack_from(self.data, phoff + at * entry)
            p_type, *rest = (row[column] for column in self.layout.segment)
            if p_type == PT_LOAD:
                self.segments.append(LoadSegment(*rest))
            elif p_type == PT_DYNAMIC:
                self.dynamic_at = rest[1]
        broken = any(
            segment.offset + segment.file_size > len(self.data) or segment.file_size > segment.memory_size
            for segment in self.segments
        )
        if not self.segments or self.dynamic_at < 0 or broken:
            raise self.refused()

    def _memory(self) -> bytearray:
        """The contents of the segments, from the lowest address on."""
        memory = bytearray(self.size)
        for segment in self.segments:
            at = segment.address - self.start
            memory[at : at + segment.file_size] = self.data[
                segment.offset : segment.offset + segment.file_size
            ]
        return memory

    def _read_dynamic(self) -> None:
        pair = self._struct(self.layout.word * 2)
        at = self.dynamic_at
        while tag_and_value := self._at(pair, at):
            tag, value = tag_and_value
            if not tag:
                break
            self.dynamic[tag] = value
            at += pair.size
        words = self._struct(self.layout.word).size
        entries = {SYMENT: self._struct(self.layout.symbol).size, RELENT: 2 * words, RELAENT: 3 * words}
        if any(self.dynamic.get(tag, size) != size for tag, size in entries.items()):
            raise self.refused()

    def _struct(self, codes: str) -> Struct:
        return Struct(self.prefix + codes)

    def _at(self, layout: Struct, address: int) -> tuple[int, ...]:
        """The structure at ``address``; raises Refused if out of range."""
        start = address - self.start
        if not 0 <= start <= self.size - layout.size:
            raise self.refused()
        return layout.unpack_from(self.memory, start)

    def symbol(self, index: int) -> DynSymbol:
        """Entry ``index`` of .dynsym."""
        layout = self._struct(self.layout.symbol)
        row = self._at(layout, self.dynamic.get(SYMTAB, 0) + index * layout.size)
        name, info, value, section = (row[column] for column in self.layout.columns)
        value = 0 if info & 0xF == STT_SECTION else value
        at = self.dynamic.get(STRTAB, 0) - self.start + name
        text = bytes(self.memory[at:]).partition(b"\0")[0]
        return DynSymbol(text.decode("utf-8", "surrogateescape"), value, section)

    def find(self, name: str) -> DynSymbol | None:
        """The symbol ``name`` defined by the module, found by its hash table."""
        if HASH not in self.dynamic:
            return None
        word = self._struct(self.machine.hash_word)
        table = self.dynamic[HASH]
        buckets, chains = self._at(self._struct(self.machine.hash_word * 2), table)
        if not buckets:
            return None
        first = table + (2 + elf_hash(name) % buckets) * word.size
        (index,) = self._at(word, first)
        for _ in range(chains):
            if not index:
                break
            symbol = self.symbol(index)
            if symbol.name == name and symbol.section != SHN_UNDEF:
                return symbol
            (index,) = self._at(word, table + (2 + buckets + index) * word.size)
        return None

    def relocations(self) -> Iterator[DynamicRelocation]:
        """REL, then RELA, then those of the PLT that are in neither."""
        rel = range(self.dynamic.get(REL, 0), self.dynamic.get(REL, 0) + self.dynamic.get(RELSZ, 0))
        rela = range(self.dynamic.get(RELA, 0), self.dynamic.get(RELA, 0) + self.dynamic.get(RELASZ, 0))
        yield from self._table(rel, rela=False)
        yield from self._table(rela, rela=True)
        start = self.dynamic.get(JMPREL, 0)
        if start and start not in rel and start not in rela:
            plt = range(start, start + self.dynamic.get(PLTRELSZ, 0))
            yield from self._table(plt, rela=self.dynamic.get(PLTREL) == RELA)

    def _table(self, place: range, *, rela: bool) -> Iterator[DynamicRelocation]:
        word = self.layout.word
        layout = self._struct(word * 2 + (word.lower() if rela else ""))
        for at in range(place.start, place.stop - layout.size + 1, layout.size):
            offset, info, *addend = self._at(layout, at)
            symbol, number = info >> self.layout.number, info & (1 << self.layout.number) - 1
            yield DynamicRelocation(offset, number, symbol, addend[0] if addend else None)


def elf_hash(name: str) -> int:
    """The System V hash."""
    value = 0
    for byte in name.encode("utf-8", "surrogateescape"):
        value = (value << 4) + byte
        top = value & 0xF000_0000
        value = (value ^ top >> 24) & ~top
    return value
