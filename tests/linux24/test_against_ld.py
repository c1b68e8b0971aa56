"""Sections linked as modutils would, compared bit by bit with GNU ld.

Both use the same addresses. Where code loads from a .got slot, the contents of the slots are compared,
because ld orders them differently; on PowerPC 64, calls go to our stub.
"""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pymodutils.elf.scan import Elf
from pymodutils.linux24.insmod.ksymtab import Origin
from pymodutils.linux24.insmod.loading import Loading
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.kernel import boot
from pymodutils.linux24.kernel.kernel import Linux24
from pymodutils.linux24.kernel.state import ModuleSymbol
from pymodutils.linux24.machine.slots import Entries
from pymodutils.linux24.obj.relocate import relocations
from pymodutils.linux24.obj.sections import ObjSection
from tests.oracles import binutils

OBJECTS = Path(__file__).parent / "objects.tar.xz"
EXPORTS = ("printk", "kmalloc", "jiffies", "GPLONLY_gplsym", "absent", "absent_data", "missing_weak")
REACHED = 0xC001_0000  # by branches from modules at 0xC1000000


class Target(NamedTuple):
    """A machine: its emulation of ld, the addresses of the kernel's symbols, and modules."""

    emulation: str
    kernel: int
    base: int = 0
    slot: int | None = None  # the relocation of a 16-bit way from gp to a slot of .got
    call: int | None = None  # the relocation of a call that goes through a stub and restores r2


TARGETS = {
    "alpha": Target("elf64alpha", 0xFFFF_FC00_0031_0000, slot=4),
    "i386": Target("elf_i386", 0xC011_0000),
    "m68k": Target("m68kelf", 0x0011_0000),
    "mips": Target("elf32btsmip", 0xC0F0_0000),
    "powerpc": Target("elf32ppclinux", REACHED, 0xC100_0000),
    "powerpc64": Target("elf64ppc", 0xC000_0000_0001_0000, call=10),
    "sh4": Target("shlelf_linux", 0xC011_0000),
    "sparc": Target("elf32_sparc", 0xF011_0000),
    "sparc64": Target("elf64_sparc", 0x0041_0000),
    "x86_64": Target("elf_x86_64", 0xFFFF_FFFF_8011_0000),
}
NOP, RESTORE = bytes.fromhex("60000000"), bytes.fromhex("e8410028")


def file(name: str, arch: str) -> bytes:
    """The object ``name`` for ``arch``."""
    with tarfile.open(OBJECTS) as archive:
        member = archive.extractfile(f"{name}-{arch}.o")
        assert member
        return member.read()


def linked(name: str, arch: str, folder: Path, target: Target) -> Loading:
    """The module linked like modutils, and its object file."""
    data = file(name, arch)
    (folder / "module.o").write_bytes(data)
    exports = [ModuleSymbol(target.kernel + 0x100 * at, name) for at, name in enumerate(EXPORTS)]
    linux = Linux24.boot(exports, config=boot.BootConfig(base=target.base))
    options = InsmodOptions(export=False, ksymoops=False)
    loading = Loading(linux, "module.o", options, RunMessages("insmod"))
    assert loading.run(data, (), Origin("/module.o", 0)) == 0
    return loading


def by_ld(loading: Loading, target: Target, folder: Path) -> Elf:
    """The result of GNU ld at the same addresses."""
    got = loading.module.find(".got")
    placed = [*of_file(loading), *([got] if got else [])]
    lines = [f"{section.name} {section.address:#x} : {{ *({section.name}) }}" for section in placed]
    script = "SECTIONS { " + "\n".join([*lines, "/DISCARD/ : { *(*) }"]) + " }"
    (folder / "script").write_text(script)
    command = [
        *(binutils.program("ld"), "-m", target.emulation, "-T", "script", "--no-relax", "-e", "0"),
        *(f"--defsym={name}={value:#x}" for name, value in defined(loading, target)),
        *("-o", "linked", "module.o", "--no-check-sections"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Elf.open(str(folder / "linked"))


def defined(loading: Loading, target: Target) -> Iterator[tuple[str, int]]:
    """The input of ld: the kernel's symbols, COMMON ones, and the TOC with stubs for functions."""
    stubs: Entries | None = getattr(loading.slots, "stubs", None)
    for symbol in loading.module.symbols:
        if symbol.is_external:
            called = stubs is not None and (symbol, 0) in stubs.offsets
            yield symbol.name, stubs.address((symbol, 0), bytes) if stubs and called else symbol.value
    if target.call is not None:
        yield ".TOC.", loading.slots.gp


def of_file(loading: Loading) -> list[ObjSection]:
    """The loaded sections with contents in the file."""
    sections, this = loading.module.sections, loading.module.find(".this")  # the first that modutils makes
    before = sections[: this.index if this else None]
    return [section for section in before if section.is_loaded and section.contents]


def differences(loading: Loading, found: Elf, target: Target) -> Iterator[str]:
    """The places where bytes differ from those of ld."""
    ours = {section.index: bytearray(section.contents or b"") for section in of_file(loading)}
    theirs = {
        section.index: bytearray(found.section(section.name) or b"")  # without what modutils has added
        for section in of_file(loading)
    }
    got = loading.module.find(".got")
    for one in relocations(loading.module):
        here, there, at = ours.get(one.target.index), theirs.get(one.target.index), one.offset
        if here is None or there is None:
            continue
        if one.number == target.slot and got and got.contents:
            slots = bytes(got.contents), found.section(".got") or b""
            ways = (int.from_bytes(side[at : at + 2], "little") - 0x8000 & 0xFFFF for side in (here, there))
            words = [table[way : way + 8] for table, way in zip(slots, ways, strict=True)]
            assert words[0] == words[1], one.name
            there[at : at + 2] = here[at : at + 2]
        if one.number == target.call and here[at + 4 : at + 8] == RESTORE:
            assert there[at + 4 : at + 8] == NOP
            there[at + 4 : at + 8] = RESTORE
    for index, there in theirs.items():
        here = ours[index][: len(there)]
        for at in (at for at in range(len(there)) if here[at] != there[at]):
            yield f"{loading.module.sections[index].name}+{at:#x}: {here[at]:02x} for {there[at]:02x}"


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("arch", TARGETS)
@pytest.mark.parametrize("name", ["parms", "hello", "wide"])
def test_sections(name: str, arch: str, tmp_path: Path) -> None:
    target = TARGETS[arch]
    loading = linked(name, arch, tmp_path, target)
    assert not list(differences(loading, by_ld(loading, target, tmp_path), target))
