"""Sections that modutils would have linked hold, to the bit, what GNU ld puts there.

Both get the same addresses.
"""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from pymodutils.elf.scan import Elf
from pymodutils.linux24.insmod.ksymtab import Origin
from pymodutils.linux24.insmod.loading import Loading
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.kernel import boot
from pymodutils.linux24.kernel.kernel import Linux24
from pymodutils.linux24.kernel.state import ModuleSymbol
from tests.oracles import binutils

OBJECTS = Path(__file__).parent / "objects.tar.xz"
EMULATIONS = {
    "mips": "elf32btsmip",
    "powerpc": "elf32ppclinux",
    "sh4": "shlelf_linux",
    "alpha": "elf64alpha",
    "sparc": "elf32_sparc",
    "x86_64": "elf_x86_64",
}
KERNEL = {"alpha": 0xFFFF_FC00_0031_0000, "x86_64": 0xFFFF_FFFF_8011_0000, "sparc": 0xF011_0000}
OTHER = 0xC011_0000


def linked(name: str, arch: str, folder: Path) -> Loading:
    """The module linked as modutils does it, and its object in a file."""
    with tarfile.open(OBJECTS) as archive:
        member = archive.extractfile(f"{name}-{arch}.o")
        assert member
        data = member.read()
    (folder / "module.o").write_bytes(data)
    base = KERNEL.get(arch, OTHER)
    config = boot.BootConfig(base=0xC100_0000 if arch == "powerpc" else 0)  # where branches reach the kernel
    linux = Linux24.boot([ModuleSymbol(base, "printk")], config=config)
    loading = Loading(linux, "module.o", InsmodOptions(export=False, ksymoops=False), RunMessages("insmod"))
    assert loading.run(data, (), Origin("/module.o", 0)) == 0
    return loading


def by_ld(loading: Loading, arch: str, folder: Path) -> Elf:
    """What GNU ld links at the same addresses."""
    module = loading.module
    placed = [section for section in module.order.sections if not section.name.startswith(".this")]
    lines = [f"{section.name} {section.address:#x} : {{ *({section.name}) }}" for section in placed]
    commons = [
        f"--defsym={symbol.name}={module.value(symbol):#x}"
        for symbol in module.symbols
        if symbol.name.startswith("common_")
    ]
    script = "SECTIONS { " + "\n".join([*lines, "/DISCARD/ : { *(*) }"]) + " }"
    (folder / "script").write_text(script)
    command = [
        *(binutils.program("ld"), "-m", EMULATIONS[arch], "-T", "script", "--no-relax", "-e", "0"),
        *("--defsym", f"printk={KERNEL.get(arch, OTHER):#x}", "--defsym", "missing_weak=0"),
        *commons,
        *("-o", "linked", "module.o", "--no-check-sections"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Elf.open(str(folder / "linked"))


def of_file(loading: Loading) -> set[int]:
    """The sections of the file that are loaded with bytes of it."""
    return {
        section.index
        for section in loading.module.sections
        if section.is_loaded and section.contents and section.name in (".text", ".data", ".sdata", ".rodata")
    }


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize(
    ("name", "arch"),
    [*(("parms", arch) for arch in EMULATIONS), *(("hello", arch) for arch in ("sh4", "sparc", "x86_64"))],
)  # elsewhere hello calls missing_weak, 0, which is too far for ld, or its slots are in another order
def test_sections(name: str, arch: str, tmp_path: Path) -> None:
    loading = linked(name, arch, tmp_path)
    found = by_ld(loading, arch, tmp_path)
    for index in of_file(loading):
        section = loading.module.sections[index]
        assert section.contents == found.section(section.name), section.name
