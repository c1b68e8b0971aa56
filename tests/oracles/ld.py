"""GNU ld as the oracle of relocations: sections and imports at given addresses."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pymodutils.elf.scan import Elf
from tests.oracles import binutils, loader
from tests.oracles.debian import unpacked

SHF_MERGE_STRINGS = 0x30
EI_CLASS, EI_DATA, MSB = 4, 5, 2
WHERE = {1: (0x20, 0x30, 40, 4), 2: (0x28, 0x3C, 64, 8)}  # by class: e_shoff, e_shnum, e_shentsize, a word
OPTIONS = (
    *("-static", "-nostdlib", "--no-relax", "--no-gc-sections", "--build-id=none"),
    *("-z", "max-page-size=0x1000", "-z", "noexecstack", "--no-check-sections", "--no-warn-mismatch"),
    *("-e", "0"),
)
MADE = "*(.got .got.plt .igot* .plt .iplt .toc .sdata .sbss .scommon .rela* .opd)"  # by the linker
REST = f"""
    .got : {{ {MADE} }}
    /DISCARD/ : {{ *(*) }}
"""
S390 = "elf64_s390"
S390_REST = REST.replace("{ *(", "{ *(.got.plt) *(", 1)  # where _GLOBAL_OFFSET_TABLE_ is
LLD_REST = ".got : { *(.got .got.plt .toc) }"
OWN = ("elf_x86_64", "elf_i386")  # the emulations that the machine's own ld is trusted with
LX106 = "elf32xtensa of lx106"  # the little-endian one: the byte order of Xtensa is built in
LARCH_LD = "binutils-loongarch64-linux-gnu"
LARCH = "elf64loongarch of 2.44"  # Debian 13's: 2.40 does not know the calls of modules
LLD = "lld"  # LLVM's, which finds out from the file; for machines that GNU ld does not know


class Placing(NamedTuple):
    """A section placed by ld."""

    name: str
    address: int
    align: int


def find(emulation: str) -> list[str]:
    """The words that run an ld for ``emulation``; raises Unavailable."""
    if emulation == LLD:
        lld, libraries = unpacked("lld-19"), unpacked("libllvm19") / "usr/lib/x86_64-linux-gnu"
        return ["env", f"LD_LIBRARY_PATH={libraries}", f"{lld}/usr/lib/llvm-19/bin/ld.lld", "-znorelro"]
    if emulation == LX106:
        return [f"{unpacked('binutils-xtensa-lx106')}/usr/bin/xtensa-lx106-elf-ld", "-m", "elf32xtensa"]
    if emulation == LARCH:
        needed = (LARCH_LD, "libjansson4", "libsframe1", "libzstd1", "zlib1g")
        run = loader.words("trixie", LARCH_LD, "loongarch64-linux-gnu-ld.bfd", needed)
        return [*run, "-m", "elf64loongarch"]
    own = shutil.which("ld") if emulation in OWN else None
    return [own or binutils.program("ld"), "-m", emulation]


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


def _inputs(name: str) -> str:
    return MADE if name == ".got" else f'KEEP(*("{name}"))'


def script(placings: Sequence[Placing], imports: Mapping[str, int], rest: str) -> str:
    """The linker script for these places; ``rest`` is for all other sections."""
    symbols = "".join(f'"{name}" = {value:#x};\n' for name, value in imports.items())
    rows = "".join(
        f'"{name}" {address:#x} : SUBALIGN({align}) {{ {_inputs(name)} }}\n'
        for name, address, align in sorted(placings, key=lambda one: one.address)
    )
    return f"{symbols}SECTIONS {{\n{rows}{rest} }}\n"


def link(
    folder: Path,
    data: bytes,
    placings: Sequence[Placing],
    imports: Mapping[str, int],
    emulation: str = "elf_x86_64",
    *,
    words: Sequence[str] = (),
) -> dict[str, bytes]:
    """The contents of each placed section as linked by ld, with the options ``words``, by name.

    Raises AssertionError if ld fails.
    """
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
    """The command that links ``data`` into ``folder``."""
    (folder / "in.o").write_bytes(unmerged(data))
    rest = {LLD: LLD_REST, S390: S390_REST}.get(emulation, REST)
    (folder / "script").write_text(script(placings, imports, rest))
    return [
        *find(emulation),
        *OPTIONS,
        "-EB" if data[EI_DATA] == MSB else "-EL",
        "-T",
        str(folder / "script"),
        "-o",
        str(folder / "out"),
        str(folder / "in.o"),
    ]


def read(folder: Path, placings: Sequence[Placing]) -> dict[str, bytes]:
    """The contents of the placed sections; lld keeps the quotes of names."""
    elf = Elf((folder / "out").read_bytes())
    made = {section.name.strip('"'): (at, section) for at, section in enumerate(elf.sections)}
    found = {}
    for name, address, _ in placings:
        if name not in made:  # empty, or the note that --build-id=none drops
            continue
        at, section = made[name]
        assert section.sh_addr == address, f"{name} at {section.sh_addr:#x}, not {address:#x}"
        found[name] = elf.content(at)
    return found
