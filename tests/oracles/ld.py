"""GNU ld as a judge of relocations: every section at an address that we say, every import where we say."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pymodutils.elf.scan import Elf
from tests.oracles.debian import Unavailable, unpacked

SHF_MERGE_STRINGS = 0x30
WIDE = 2  # ELFCLASS64
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


PACKAGES = {  # of the linkers that know an emulation; the machine's own knows the others
    "elf64lriscv": "riscv64-linux-gnu",
    "m68kelf": "m68k-linux-gnu",
}


def find(emulation: str) -> list[str]:
    """The words that run the ld for ``emulation``; raises Unavailable."""
    triplet = PACKAGES.get(emulation)
    if triplet:
        folder = unpacked(f"binutils-{triplet}") / "usr"
        libraries = f"{folder}/lib/x86_64-linux-gnu"
        return ["env", f"LD_LIBRARY_PATH={libraries}", f"{folder}/bin/{triplet}-ld"]
    found = shutil.which("ld")
    if found is None:
        raise Unavailable("no ld (package binutils)")
    return [found]


def unmerged(data: bytes) -> bytes:
    """``data`` without the flags that let ld join equal strings (64-bit little-endian files)."""
    copy = bytearray(data)
    table = int.from_bytes(copy[0x28:0x30], "little")
    for at in range(int.from_bytes(copy[0x3C:0x3E], "little")):
        flags = table + 64 * at + 8
        copy[flags] &= ~SHF_MERGE_STRINGS
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
) -> dict[str, bytes]:
    """The content of each placed section as ld makes it, by name."""
    words = command(folder, data, placings, imports, emulation)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
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
    (folder / "in.o").write_bytes(unmerged(data) if data[4] == WIDE else data)
    (folder / "script").write_text(script(placings, imports))
    return [
        *find(emulation),
        *OPTIONS,
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
