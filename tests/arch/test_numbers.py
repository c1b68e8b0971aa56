"""Numbers of the psABIs and the kernel: relocation types, machines, system calls, addresses of modules."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

import pytest
from elftools.elf import enums

from pymodutils import arch as archs
from pymodutils.arch import MODULES, SUPPORT, UNAMES, every, of_uname
from pymodutils.arch.abi import numbers
from pymodutils.arch.arm64 import ARM64
from pymodutils.arch.model import Arch
from pymodutils.arch.range import Range
from pymodutils.arch.riscv import RISCV64
from tests.arch.test_syscalls import PROCESSES

MACHINES = {  # arch/*/include/asm/elf.h; numbers in elf-em.h as pyelftools has them
    "alpha": (), "arc": ("EM_ARC_COMPACT", "EM_ARC_COMPACT2"), "arm": ("EM_ARM",), "arm64": ("EM_AARCH64",),
    "csky": ("EM_CSKY", "EM_MCORE"), "hexagon": ("EM_QDSP6",), "ia64": ("EM_IA_64",),
    "loongarch": ("EM_LOONGARCH",), "m68k": ("EM_68K",), "microblaze": ("EM_MICROBLAZE",),
    "mips": ("EM_MIPS",), "nios2": ("EM_ALTERA_NIOS2",), "openrisc": ("EM_OPENRISC",),
    "parisc": ("EM_PARISC",), "parisc64": ("EM_PARISC",), "powerpc": ("EM_PPC",),
    "powerpc64": ("EM_PPC64",), "powerpc64le": ("EM_PPC64",), "riscv": ("EM_RISCV",), "s390": ("EM_S390",),
    "sh": ("EM_SH",), "sparc": ("EM_SPARC", "EM_SPARCV9"), "x86_64": ("EM_X86_64",),
    "i386": ("EM_386", "EM_486"), "xtensa": ("EM_XTENSA",),
}  # fmt: skip
UNOFFICIAL = {  # elf-em.h: in use before the official ones were assigned
    0x8472: "openrisc", 0x9026: "alpha", 0xA390: "s390", 0xABC7: "xtensa", 0xBAAB: "microblaze",
}  # fmt: skip
NAMES = {"EM_MCORE": 39, "EM_CSKY": 252, "EM_486": 6, "EM_LOONGARCH": 258}  # pyelftools may lack them
TYPES: Mapping[str, Mapping[str, int]] = {
    "x86_64": enums.ENUM_RELOC_TYPE_x64,
    "i386": enums.ENUM_RELOC_TYPE_i386,
    "arm": enums.ENUM_RELOC_TYPE_ARM,
    "arm64": enums.ENUM_RELOC_TYPE_AARCH64,
    "mips": enums.ENUM_RELOC_TYPE_MIPS,
    "powerpc": enums.ENUM_RELOC_TYPE_PPC,
    "powerpc64": enums.ENUM_RELOC_TYPE_PPC64,
    "powerpc64le": enums.ENUM_RELOC_TYPE_PPC64,
    "s390": enums.ENUM_RELOC_TYPE_S390X,
    "loongarch": enums.ENUM_RELOC_TYPE_LOONGARCH,
}
LACKED = {  # by them; and R_AARCH64_NONE, which the kernel calls R_ARM_NONE
    "R_AARCH64_LDST128_ABS_LO12_NC", "R_MIPS_PC21_S2", "R_MIPS_PC26_S2", "R_PPC64_ENTRY", "R_ARM_NONE",
}  # fmt: skip
SYSCALLS = {  # init_module, finit_module, delete_module; arch/*/kernel/syscalls/*.tbl
    "x86_64": (175, 313, 176), "x32": (0x4000_00AF, 0x4000_0139, 0x4000_00B0), "i386": (128, 350, 129),
    "arm": (128, 379, 129), "mips-o32": (4128, 4348, 4129), "mips-n64": (5168, 5307, 5169),
    "mips-n32": (6168, 6312, 6169), "powerpc": (128, 353, 129), "s390": (128, 344, 129),
    "sparc": (190, 342, 222), "alpha": (307, 507, 308), "parisc": (128, 333, 129), "sh": (128, 368, 129),
    "m68k": (128, 348, 129), "generic": (105, 273, 106),
}  # fmt: skip
AREAS = {  # MODULES_VADDR and MODULES_END, or of vmalloc(), with the bits and options that Debian has
    ("x86_64", 64): (0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_FF00_0000),  # Documentation/arch/x86/x86_64/mm.rst
    ("arm", 32): (0xBF00_0000, 0xC000_0000),  # PAGE_OFFSET - 16 MB; Documentation/arch/arm/memory.rst
    ("sparc", 32): (0xFE60_0000, 0xFFC0_0000),  # asm/vaddrs.h
    ("sparc", 64): (0x1000_0000, 0xF000_0000),  # asm/pgtable_64.h
    ("arc", 32): (0x7000_0000, 0x7F80_0000),  # PAGE_OFFSET - 256 MB, without 8 MB for fixed mappings
    ("sh", 32): (0xC000_0000, 0xE000_0000),  # P3SEG to P4SEG
    ("nios2", 32): (0xC000_0000, 0xE000_0000),  # its region, below the kernel's and I/O
    ("loongarch", 64): (0xFFFF_8000_0200_8000, 0xFFFF_8000_1200_8000),  # 256 MB
    ("mips", 32): (0xC000_0000, 0xFFFC_D000),  # KSEG2, without fixed mappings
    ("openrisc", 32): (0xBC00_0000, 0xC000_0000),  # PAGE_OFFSET - 64 MB
    ("powerpc64le", 64): (0xC008_0000_0000_0000, 0xC00A_0000_0000_0000),  # asm/book3s/64/radix.h: 512 TB
    ("s390", 64): (0x3FF_7FD0_0000, 0x3FF_FFD0_0000),  # 2 GB
}
TEXTS = {  # where kernels are linked to
    "x86_64": 0xFFFF_FFFF_8100_0000,  # __START_KERNEL_map and CONFIG_PHYSICAL_START
    "i386": 0xC100_0000,
    "powerpc": 0xC000_0000,
    "powerpc64le": 0xC000_0000_0000_0000,
    "s390": 0x10_0000,
    "sparc": 0xF000_4000,
    "alpha": 0xFFFF_FC00_0031_0000,
    "ia64": 0xA000_0001_0000_0000,
    "arm64": 0xFFFF_8000_0800_0000,
    "riscv": 0xFFFF_FFFF_8000_0000,
}
MB, GB = 1 << 20, 1 << 30


def files() -> dict[str, tuple[Arch, ...]]:
    """File -> its definitions."""
    names = [it.name for it in iter_modules(archs.__path__) if it.name not in SUPPORT]
    return {name: getattr(import_module(f"{archs.__name__}.{name}"), "ARCHS", ()) for name in names}


def test_machines_are_found_without_importing_every_file() -> None:
    defined = {number: name for name, found in files().items() for arch in found for number in arch.machines}
    assert defined == MODULES
    assert all(of_uname(name)[0] in files()[module] for name, module in UNAMES.items())


@pytest.mark.parametrize("arch", list(every()), ids=lambda arch: f"{arch.name} {arch.bits} {arch.order}")
def test_machine_numbers(arch: Arch) -> None:
    known = {**NAMES, **enums.ENUM_E_MACHINE}
    official = [number for number in arch.machines if number not in UNOFFICIAL]
    assert {UNOFFICIAL[number] for number in arch.machines if number in UNOFFICIAL} <= {arch.name}
    assert official or arch.name == "alpha"
    assert set(official) <= {known[name] for name in MACHINES[arch.name]}


@pytest.mark.parametrize(
    "arch", [it for it in every() if it.name in TYPES], ids=lambda arch: f"{arch.name} {arch.order}"
)
def test_relocation_types_have_the_numbers_of_their_psabi(arch: Arch) -> None:
    known = TYPES[arch.name]
    named = {
        row.name: number
        for number, row in arch.relocs.items()
        if row.name not in LACKED and " " not in row.name
    }
    assert named
    assert {name: known.get(name) for name in named} == named


def test_xtensa_has_a_type_for_each_slot_of_an_instruction() -> None:
    """R_XTENSA_SLOT0_OP is 20, R_XTENSA_SLOT0_ALT 35; the kernel refuses all but the first slot."""
    rows = next(it for it in every() if it.name == "xtensa").relocs
    found = {row.name: number for number, row in rows.items() if number in range(21, 50)}
    slots = {f"R_XTENSA_SLOT{slot}_OP": 20 + slot for slot in range(1, 15)}
    assert found == {**slots, **{f"R_XTENSA_SLOT{slot}_ALT": 35 + slot for slot in range(15)}}
    assert all(rows[number].refused for number in found.values())


@pytest.mark.parametrize("key", PROCESSES)
def test_system_calls(key: str) -> None:
    assert numbers(*PROCESSES[key]) == SYSCALLS[key]


def test_system_calls_that_debian_has_no_headers_of() -> None:
    known = {arch.name: arch.syscalls for arch in every()}
    assert known["ia64"] == (1133, 1335, 1134)
    assert known["xtensa"] == (129, 332, 130)
    assert known["microblaze"] == (128, 353, 129)


def test_where_modules_and_kernels_are() -> None:
    known = {(arch.name, int(arch.bits)): arch.memory for arch in every()}
    assert {key: (known[key].low, known[key].high) for key in AREAS} == AREAS
    first: dict[str, Arch] = {}
    for arch in every():
        first.setdefault(arch.name, arch)
    assert {name: first[name].kernel_text for name in TEXTS} == TEXTS


def test_modules_of_x86_64_reach_all_of_the_kernel() -> None:
    arch = next(it for it in every() if it.name == "x86_64")
    assert arch.memory.high - arch.kernel_text < 2 * GB


@pytest.mark.parametrize(
    ("release", "text"),
    [
        ((6, 2), "x86/modules: Skipping invalid relocation target, existing value is nonzero for type "),
        ((6, 3), "x86/modules: Invalid relocation target, existing value is nonzero for type "),
        ((6, 18), "x86/modules: Invalid relocation target, existing value is nonzero for type "),
        ((6, 19), "x86/modules: Invalid relocation target, existing value is nonzero for sec "),
        ((7, 0), "x86/modules: Invalid relocation target, existing value is nonzero for sec "),
    ],
)
def test_x86_has_a_text_for_each_generation(release: tuple[int, int], text: str) -> None:
    """arch/x86/kernel/module.c, where the place is not zero before."""
    found = next(it for it in every() if it.name == "x86_64").fitting({}, release).nonzero_target
    assert found
    assert found.text.format_map(Anything()).startswith(text)


def test_per_cpu_data_of_x86_64_begins_at_0_until_6_15() -> None:
    """__per_cpu_end of Debian's cloud kernels 6.1 and 6.12; since 6.15 per-CPU data is linked in place."""
    arch = next(it for it in every() if it.name == "x86_64")
    releases = (6, 1), (6, 11), (6, 12), (6, 14), (6, 15), (7, 0)
    ends = [arch.fitting({}, release).percpu_end for release in releases]
    assert ends == [0x34000, 0x34000, 0x39000, 0x39000, 0, 0]


class Anything(dict[str, str]):
    """The values of a format."""

    def __missing__(self, key: str) -> Blank:
        return Blank()


class Blank:
    """A value that formats as an empty string."""

    def __format__(self, _spec: str) -> str:
        return ""


def test_modules_lie_by_the_kernel() -> None:
    """module_init_limits() of arm64 since 6.5, and MODULES_VADDR of riscv: 2 GB that end at _end."""
    image = Range(0xFFFF_8000_8000_0000, 0xFFFF_8000_8000_0000 + 40 * MB)
    assert _areas(ARM64, (6, 5), image) == (
        Range(image.high - 128 * MB, image.low),
        Range(image.high - 2 * GB, image.low),
    )
    kernel = Range(0xFFFF_FFFF_8000_0000, 0xFFFF_FFFF_8000_0000 + 30 * MB)
    assert _areas(RISCV64, (6, 5), kernel)[0].low == kernel.high - 2 * GB


def _areas(arch: Arch, release: tuple[int, int], image: Range) -> tuple[Range, Range]:
    placed = arch.fitting({}, release).placed(image)
    return placed.memory, placed.spare
