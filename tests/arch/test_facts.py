"""Facts about machines and their kernels: pages, addresses, exception tables, images; arch/*/."""

from __future__ import annotations

from collections.abc import Mapping
from struct import pack

import pytest

from pymodutils import arch as archs
from pymodutils.arch import every
from pymodutils.arch.model import Arch
from pymodutils.arch.range import Range
from tests.arch.types import ARCHS, name

KB = 1 << 10
PAGES = {  # where the configuration has no choice, or Debian made one; asm/page.h
    **dict.fromkeys(("alpha", "cris", "openrisc"), 8 * KB),
    **dict.fromkeys(("tilegx", "tilepro"), 64 * KB),
    **dict.fromkeys(
        ("arm", "blackfin", "c6x", "h8300", "i386", "m32r", "m68k", "metag", "microblaze"), 4 * KB
    ),
    **dict.fromkeys(("mn10300", "nios2", "riscv", "s390", "score", "v850", "x86_64"), 4 * KB),
    "frv": 16 * KB,
    "sparc 64": 8 * KB,
}
TEXTS = {  # _text of a kernel: asm/page.h, arch/*/Makefile, vmlinux.lds.S
    "alpha": 0xFFFF_FC00_0031_0000, "arc": 0x8000_2000, "arm": 0xC000_8000, "arm64": 0xFFFF_8000_0800_0000,
    "csky": 0x8000_0000, "hexagon": 0xC000_0000, "i386": 0xC100_0000, "ia64": 0xA000_0001_0000_0000,
    "loongarch": 0x9000_0000_0020_0000, "m68k": 0x1000, "microblaze": 0xC000_0000, "mips 32": 0x8010_0000,
    "mips 64": 0xFFFF_FFFF_8010_0000, "nios2": 0xC000_0000, "openrisc": 0xC000_2000, "parisc": 0x1010_0000,
    "parisc64": 0x4010_0000, "powerpc": 0xC000_0000, "powerpc64": 0xC000_0000_0000_0000,
    "powerpc64le": 0xC000_0000_0000_0000, "riscv 32": 0xC000_0000, "riscv 64": 0xFFFF_FFFF_8000_0000,
    "s390": 0x10_0000, "sh": 0x8C00_2000, "sparc 32": 0xF000_4000, "sparc 64": 0x40_4000,
    "x86_64": 0xFFFF_FFFF_8100_0000, "xtensa": 0xD000_3000,
}  # fmt: skip
AREAS = {  # those that test_numbers.py has not; asm/pgtable.h, asm/vmalloc.h
    "mips 64": (0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_FFFC_D000),  # CKSSEG to two pages below FIXADDR_START
    "xtensa": (0xC000_0000, 0xC7FE_FFFF),  # VMALLOC_START and VMALLOC_END
}
SPARE = {"arm": (0xF080_0000, 0xFF80_0000)}  # VMALLOC_START of 240 MB, and VMALLOC_END
RELATIVE, SHORT = ("ii4s", 2), ("ii", 2)  # ARCH_HAS_RELATIVE_EXTABLE; with type and data, or without
EXTABLES = {
    **dict.fromkeys(("arm64", "i386", "parisc", "parisc64", "riscv", "s390", "x86_64"), RELATIVE),
    **dict.fromkeys(("ia64", "powerpc", "powerpc64", "powerpc64le"), SHORT),
    "alpha": ("iI", 1),  # the fixup is no address
    "sparc": ("II", 0),  # unsigned int on 64 bits, too
}
SMALL = {"alpha": 0x1000_0000, "ia64": 0x1000_0000}  # ARCH_SHF_SMALL
GOT = {  # types that only position-independent code has; the psABIs
    "arm": {24, 25, 26, 96},  # GOTOFF32, BASE_PREL, GOT_BREL, GOT_PREL
    "arm64": {309, 310, 311, 312, 313},  # GOT_LD_PREL19 to LD64_GOTPAGE_LO15
    "i386": {3, 9, 10, 43},  # GOT32, GOTOFF, GOTPC, GOT32X
    "x86_64": {3, 9, 25, 26, 27, 28, 29, 30, 31, 41, 42},  # GOT32, GOTPCREL, GOTOFF64 to, GOTPCRELX
}


def of(facts: Mapping[str, object], arch: Arch) -> object:
    """What ``facts`` have about ``arch``, with or without its width."""
    return facts.get(f"{arch.name} {arch.bits}", facts.get(arch.name))


@pytest.mark.parametrize("arch", ARCHS, ids=name)
def test_pages(arch: Arch) -> None:
    assert arch.page_size == of(PAGES, arch)


@pytest.mark.parametrize("arch", list(every()), ids=name)
def test_kernels_are_linked_to(arch: Arch) -> None:
    assert arch.kernel_text == of(TEXTS, arch)
    assert arch.spare == (of(SPARE, arch) or (0, 0))
    if wanted := of(AREAS, arch):
        assert arch.memory == wanted


@pytest.mark.parametrize("arch", ARCHS, ids=name)
def test_exception_tables(arch: Arch) -> None:
    words = ("QQ", 0) if arch.bits == 64 else ("II", 0)  # unsigned long, both
    assert arch.extable == (of(EXTABLES, arch) or words)


def test_loongarch_has_relative_exception_tables_since_6_5() -> None:
    (arch,) = archs.of_machine(258)
    assert [arch.fitting({}, release).extable[1] for release in ((6, 4), (6, 5))] == [0, 2]


@pytest.mark.parametrize("arch", ARCHS, ids=name)
def test_flags_of_small_data_and_relocations_of_position_independent_code(arch: Arch) -> None:
    assert arch.small == SMALL.get(arch.name, 0)
    assert arch.got == GOT.get(arch.name, set())


@pytest.mark.parametrize(
    ("machine", "order", "at", "magic"),
    [
        (40, "little", 0x24, pack("<I", 0x016F_2818)),  # arch/arm/boot/compressed/head.S
        (40, "big", 0x24, pack(">I", 0x016F_2818)),
        (22, "big", 0x1_0008, b"S390EP"),  # arch/s390/boot/head.S
        (258, "little", 56, pack("<I", 0x8182_23CD)),  # asm/image.h
    ],
)
def test_headers_of_images(machine: int, order: str, at: int, magic: bytes) -> None:
    (arch,) = (one for one in archs.of_machine(machine) if one.order == order)
    (header,) = arch.images
    assert header.fits(bytes(at) + magic)
    assert not header.fits(bytes(at + 1) + magic)
    assert not header.fits(bytes(at) + magic[::-1])


@pytest.mark.parametrize(("flags", "order", "page"), [(2, "little", 4), (4, "little", 16), (7, "big", 64)])
def test_images_of_arm64_tell_order_and_page(flags: int, order: str, page: int) -> None:
    """Documentation/arch/arm64/booting.rst: flags at 24, the magic at 56."""
    data = bytes(24) + pack("<Q", flags) + bytes(24) + b"ARM\x64"
    for arch in archs.of_machine(183):
        (header,) = arch.images
        assert header.fits(data) == (arch.order == order)
        assert header.bare
        assert arch.image_page_size
        assert arch.image_page_size(data) == page * KB
        assert arch.image_page_size(bytes(64)) is None
        assert arch.image_relative == 1027  # R_AARCH64_RELATIVE


def test_images_of_riscv() -> None:
    """Documentation/arch/riscv/boot-image-header.rst: RISCV at 48, RSC and 5 at 56."""
    data = bytes(48) + b"RISCV\0\0\0" + b"RSC\x05"
    for arch in archs.of_machine(243):
        (header,) = arch.images
        assert header.fits(data)
        assert header.bare
        assert not header.fits(bytes(48) + b"RISCV\0\0\0" + b"RSC\x06")
        assert not header.fits(bytes(48) + b"RISCU\0\0\0" + b"RSC\x05")


def test_arguments_of_calls_in_images_of_x86_64() -> None:
    """Mov $imm32 to rdx and rcx, the third and the fourth argument; call and jmp rel32."""
    (arch,) = archs.of_machine(62)
    assert arch.image_calls
    assert arch.image_calls.arguments == {3: b"\x48\xc7\xc2", 4: b"\x48\xc7\xc1"}
    assert arch.image_calls.opcodes == b"\xe8\xe9"


def test_modules_of_user_mode_linux_lie_in_a_process() -> None:
    """Vmalloc of arch/um: from behind 512 MB of memory at 0x60000000 on; TASK_SIZE."""
    (arch,) = archs.of_machine(62)
    process = arch._replace(**arch.as_process)
    assert process.kernel_text == 0x6000_0000
    assert process.memory == Range(0x8080_0000, 0x7FFF_0000_0000)
    assert (process.name, process.prefix, process.prel32) == ("um", "subarch: ", False)


@pytest.mark.parametrize(
    ("machine", "e_flags", "accepted"),
    [
        (0x9026, 0, True), (0x9026, 1, False), (0x9026, 2, True),  # EF_ALPHA_32BIT
        (195, 0x400, True), (195, 0x300, False), (195, 0x406, True), (93, 0x500, False),  # EF_ARC_OSABI_MSK
        (8, 0, True), (8, 0x1000, True), (8, 0x20, False), (8, 0x2000, False), (8, 0x1020, False),
        (8, 0x7000_1000, True),  # ABI_O32, ABI2
    ],
)  # fmt: skip
def test_flags_of_files_that_a_machine_accepts(machine: int, e_flags: int, accepted: bool) -> None:
    """elf_check_arch() in asm/elf.h."""
    arch = archs.of_machine(machine)[0]
    assert arch.accepts
    assert arch.accepts(e_flags, 0) == accepted
