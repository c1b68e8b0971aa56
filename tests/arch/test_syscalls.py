"""System call numbers, compared with the kernel's headers of every architecture."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pymodutils.arch import every
from pymodutils.arch.abi import numbers as numbers_of
from pymodutils.arch.abi import own
from pymodutils.arch.ia64 import IA64
from pymodutils.arch.syscalls import Numbers
from pymodutils.arch.x86 import X32_BIT
from pymodutils.arch.xtensa import XTENSA
from pymodutils.errors import NotFound
from tests.oracles.debian import Unavailable, unpacked

BASES = {"__NR_SYSCALL_BASE": 0, "__X32_SYSCALL_BIT": X32_BIT}  # arm EABI's base is 0
MIPS = {"o32": 4000, "n64": 5000, "n32": 6000}  # __NR_Linux in asm/unistd.h
HEADERS = {
    "x86_64": ("x86/asm/unistd_64.h",),
    "x32": ("x86/asm/unistd_x32.h",),
    "i386": ("x86/asm/unistd_32.h",),
    "arm": ("arm/asm/unistd-eabi.h",),
    "mips-o32": ("mips/asm/unistd_o32.h",),
    "mips-n64": ("mips/asm/unistd_n64.h",),
    "mips-n32": ("mips/asm/unistd_n32.h",),
    "powerpc": ("powerpc/asm/unistd_64.h", "powerpc/asm/unistd_32.h"),
    "s390": ("s390/asm/unistd_64.h", "s390/asm/unistd_32.h"),
    "sparc": ("sparc/asm/unistd_64.h", "sparc/asm/unistd_32.h"),
    "alpha": ("alpha/asm/unistd_32.h",),
    "parisc": ("parisc/asm/unistd_64.h", "parisc/asm/unistd_32.h"),
    "sh": ("sh/asm/unistd_32.h",),
    "m68k": ("m68k/asm/unistd_32.h",),
    "generic": (
        "arm64/asm/unistd_64.h",
        "loongarch/asm/unistd_64.h",
        "riscv/asm/unistd_64.h",
        "riscv/asm/unistd_32.h",
        "../../../include/asm-generic/unistd.h",
    ),
}
PROCESSES = {  # key -> uname -m, bits, triplet
    "x86_64": ("x86_64", 64, ""),
    "x32": ("x86_64", 32, "x86_64-linux-gnux32"),
    "i386": ("i686", 32, ""),
    "arm": ("armv7l", 32, ""),
    "mips-o32": ("mips", 32, ""),
    "mips-n64": ("mips64", 64, ""),
    "mips-n32": ("mips64", 32, "mips64el-linux-gnuabin32"),
    "powerpc": ("ppc64le", 64, ""),
    "s390": ("s390x", 64, ""),
    "sparc": ("sparc64", 64, ""),
    "alpha": ("alpha", 64, ""),
    "parisc": ("parisc", 32, ""),
    "sh": ("sh4", 32, ""),
    "m68k": ("m68k", 32, ""),
    "generic": ("riscv64", 64, ""),
}


def numbers(header: Path) -> Numbers:
    text = header.read_text()
    bases = {**BASES, "__NR_Linux": MIPS.get(header.stem.partition("_")[2], 0)}

    def number(name: str) -> int:
        found = re.search(rf"#define __NR_{name}\s+(?:\((\w+) \+ (\d+)\)|(\d+))", text)
        assert found, f"no {name} in {header}"
        base, offset, plain = found.groups()
        return int(plain) if plain else bases[base] + int(offset)

    return Numbers(*(number(f"{call}_module") for call in ("init", "finit", "delete")))


@pytest.mark.lane
@pytest.mark.parametrize(("key", "header"), [(key, path) for key, paths in HEADERS.items() for path in paths])
def test_as_in_the_kernels_headers(key: str, header: str) -> None:
    path = unpacked("linux-libc-dev", "trixie") / "usr/lib/linux/uapi" / header
    if not path.exists():
        raise Unavailable(f"linux-libc-dev has no {header}")
    assert numbers(path) == numbers_of(*PROCESSES[key])


def test_every_number_is_checked_or_known_not_to_be() -> None:
    judged = {numbers_of(*process) for process in PROCESSES.values()}
    known = {found for row in every() for found in (row.syscalls, *row.abis.values())}
    assert known - judged == {IA64.syscalls, XTENSA.syscalls}  # Debian has no headers for them


@pytest.mark.parametrize(
    ("machine", "wide", "triplet", "key"),
    [
        ("x86_64", True, "x86_64-linux-gnu", "x86_64"),
        ("x86_64", False, "i386-linux-gnu", "i386"),
        ("x86_64", False, "", "i386"),
        ("x86_64", False, "x86_64-linux-gnux32", "x32"),
        ("i686", False, "", "i386"),
        ("aarch64", True, "aarch64-linux-gnu", "generic"),
        ("aarch64", False, "arm-linux-gnueabihf", "arm"),
        ("armv7l", False, "", "arm"),
        ("armv8l", False, "", "arm"),
        ("mips64", True, "mips64el-linux-gnuabi64", "mips-n64"),
        ("mips64", False, "mips64el-linux-gnuabin32", "mips-n32"),
        ("mips64", False, "mipsel-linux-gnu", "mips-o32"),
        ("mips", False, "", "mips-o32"),
        ("ppc64le", True, "", "powerpc"),
        ("ppc", False, "", "powerpc"),
        ("s390x", True, "", "s390"),
        ("sparc64", True, "", "sparc"),
        ("parisc64", False, "", "parisc"),
        ("sh4", False, "", "sh"),
        ("sh4a", False, "", "sh"),
        ("riscv64", True, "", "generic"),
        ("loongarch64", True, "", "generic"),
        ("alpha", True, "", "alpha"),
        ("m68k", False, "", "m68k"),
        ("or1k", False, "", "generic"),
    ],
)
def test_a_process_takes_the_numbers_of_its_own_abi(machine: str, wide: bool, triplet: str, key: str) -> None:
    assert numbers_of(machine, 64 if wide else 32, triplet) == numbers_of(*PROCESSES[key])


def test_an_unknown_machine_is_refused_not_guessed() -> None:
    with pytest.raises(NotFound, match="vax"):
        own("vax")
