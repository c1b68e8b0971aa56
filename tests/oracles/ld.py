"""GNU ld as a judge of relocations: every section at an address that we say, every import where we say."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pymodutils.elf.scan import Elf
from tests.oracles import binutils

SHF_MERGE_STRINGS = 0x30
EI_CLASS, EI_DATA, MSB = 4, 5, 2
WHERE = {1: (0x20, 0x30, 40, 4), 2: (0x28, 0x3C, 64, 8)}  # by class: e_shoff, e_shnum, e_shentsize, a word
OPTIONS = (
    *("-static", "-nostdlib", "--no-relax", "--no-gc-sections", "--build-id=none"),
    *("-z", "max-page-size=0x1000", "-z", "noexecstack", "--no-check-sections", "--no-warn-mismatch"),
    *("-e", "0"),
)
LINKERS_OWN = (
    "*(.got) *(.got.plt) *(.igot*) *(.plt) *(.iplt) *(.toc) *(.sdata .sbss .scommon) *(.rela*) *(.opd)"
)


class Placing(NamedTuple):
    """A section that ld is to put somewhere."""

    name: str
    address: int
    align: int


OWN = ("elf_x86_64", "elf_i386")  # the emulations that the machine's own ld is trusted with


def find(emulation: str) -> str:
    """The path of an ld for ``emulation``; raises Unavailable."""
    found = shutil.which("ld") if emulation in OWN else None
    return found or binutils.program("ld")


def unmerged(data: bytes) -> bytes:
    """``data`` without the flags that let ld join equal strings."""
    order: Literal["little", "big"] = "big" if data[EI_DATA] == MSB else "little"
    start, count, step, width = WHERE[data[EI_CLASS]]
    copy = bytearray(data)

    def number(at: int, size: int) -> int:
        return int.from_bytes(copy[at : at + size], order)

    for at in range(number(count, 2)):
        flags = number(start, width) + step * at + 8
        copy[flags : flags + width] = (number(flags, width) & ~SHF_MERGE_STRINGS).to_bytes(width, order)
    return bytes(copy)


def script(placings: Sequence[Placing], imports: Mapping[str, int]) -> str:
    """The linker script for these places."""
    symbols = "".join(f'"{name}" = {value:#x};\n' for name, value in imports.items())
    rows = "".join(
        f'"{name}" {address:#x} : SUBALIGN({align}) {{ KEEP(*("{name}")) }}\n'
        for name, address, align in sorted(placings, key=lambda one: one.address)
    )
    return f"{symbols}SECTIONS {{\n{rows}.got : {{ {LINKERS_OWN} }} /DISCARD/ : {{ *(*) }} }}\n"


def link(
    folder: Path,
    data: bytes,
    placings: Sequence[Placing],
    imports: Mapping[str, int],
    emulation: str = "elf_x86_64",
    *,
    words: Sequence[str] = (),
) -> dict[str, bytes]:
    """The content of each placed section as ld, told ``words`` too, makes it, by name."""
    all_words = [*command(folder, data, placings, imports, emulation), *words]
    done = subprocess.run(all_words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return read(folder, placings)


def command(
    folder: Path,
    data: bytes,
    placings: Sequence[Placing],
    imports: Mapping[str, int],
    emulation: str = "elf_x86_64",
) -> list[str]:
    """What links ``data`` into ``folder``."""
    (folder / "in.o").write_bytes(unmerged(data))
    (folder / "script").write_text(script(placings, imports))
    return [
        find(emulation),
        *OPTIONS,
        "-EB" if data[EI_DATA] == MSB else "-EL",
        "-m",
        emulation,
        "-T",
        str(folder / "script"),
        "-o",
        str(folder / "out"),
        str(folder / "in.o"),
    ]


def read(folder: Path, placings: Sequence[Placing]) -> dict[str, bytes]:
    """What ld has put where it was told."""
    elf = Elf((folder / "out").read_bytes())
    made = {section.name: (at, section) for at, section in enumerate(elf.sections)}
    found = {}
    for name, address, _ in placings:
        if name not in made:  # empty, or the note that --build-id=none drops
            continue
        at, section = made[name]
        assert section.sh_addr == address, f"{name} at {section.sh_addr:#x}, not {address:#x}"
        found[name] = elf.content(at)
    return found
