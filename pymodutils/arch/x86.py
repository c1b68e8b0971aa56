"""x86, 64 and 32 bit: https://gitlab.com/x86-psABIs; the checks are those of arch/x86/kernel/module.c.

The 64-bit loader does not check PC-relative values for overflow, but requires the target bytes to be zero;
the 32-bit one checks nothing.
"""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, Any, Final

from pymodutils.arch.calc import s_a, s_a_p
from pymodutils.arch.field import word
from pymodutils.arch.model import REL_UNSUPPORTED, Arch, Calls, SinceRelease
from pymodutils.arch.range import Range, signed, unsigned
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.syscalls import Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.arch.patch import Patches

OCCUPIED_6_3 = Diagnostic(
    "{prefix}x86/modules: Invalid relocation target, existing value is nonzero "
    "for type {number}, loc {place:016x}, val {value:x}",
    ENOEXEC,
)

OCCUPIED_6_19 = Diagnostic(
    "{prefix}x86/modules: Invalid relocation target, existing value is nonzero "
    "for sec {relsec}, idx {index}, type {number}, loc {place:x}, val {value:x}",
    ENOEXEC,
)
OVERFLOW_6_19 = Diagnostic(
    "{prefix}overflow in relocation type {number} val {value:x} sec {relsec} idx {index}\n"
    "{prefix}`{module}' likely not compiled with -mcmodel=kernel",
    ENOEXEC,
)

X32_BIT: Final = 0x4000_0000  # __X32_SYSCALL_BIT

UML: Final[Mapping[str, Any]] = {"name": "um", "prefix": "subarch: ", "prel32": False, "text": 0x6000_0000}


def patches() -> Patches:
    """The patches of the 64-bit kernel."""
    from pymodutils.arch import x86_patch  # noqa: PLC0415 -- few ask for it

    return x86_patch.PATCHES


X86_64 = Arch(
    name="x86_64",
    machines=(62,),
    bits=64,
    order="little",
    relocs={
        0: RelocType("R_X86_64_NONE"),
        1: RelocType("R_X86_64_64", s_a, word(64)),
        2: RelocType("R_X86_64_PC32", s_a_p, word(32)),
        4: RelocType("R_X86_64_PLT32", s_a_p, word(32)),
        10: RelocType("R_X86_64_32", s_a, word(32), unsigned(32)),
        11: RelocType("R_X86_64_32S", s_a, word(32), signed(32)),
        24: RelocType("R_X86_64_PC64", s_a_p, word(64)),
    },
    unknown=Diagnostic("{prefix}{module}: Unknown rela relocation: {number}", ENOEXEC),
    overflow=Diagnostic(
        "{prefix}overflow in relocation type {number} val {value:x}\n"
        "{prefix}`{module}' likely not compiled with -mcmodel=kernel",
        ENOEXEC,
    ),
    nonzero_target=Diagnostic(
        "{prefix}x86/modules: Skipping invalid relocation target, existing value is nonzero "
        "for type {number}, loc {place:016x}, val {sum:x}",
        ENOEXEC,
    ),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    prefix="module: ",
    unames="x86_64|amd64",
    syscalls=Numbers(175, 313, 176),
    abis={"x32": Numbers(X32_BIT + 175, X32_BIT + 313, X32_BIT + 176)},
    image_calls=Calls({3: b"\x48\xc7\xc2", 4: b"\x48\xc7\xc1"}, b"\xe8\xe9"),  # mov to rdx, rcx; call, jmp
    bcj=("XZ_DEC_X86",),
    config="X86_64",
    page_size=4096,
    vermagic="",
    prel32=True,
    text=0xFFFF_FFFF_8100_0000,
    memory=Range(0xFFFF_FFFF_C000_0000, 0xFFFF_FFFF_FF00_0000),
    percpu_end=0x34000,  # from 0 on, until 6.14; this and that of 6.12 are of Debian's cloud kernels
    patches=patches,
    as_process={**UML, "memory": Range(0x8080_0000, 0x7FFF_0000_0000)},  # vmalloc, after 512 MB
    optional=frozenset({"_GLOBAL_OFFSET_TABLE_"}),
    got=frozenset({3, 9, *range(25, 32), 41, 42}),
    since_release=(
        SinceRelease((6, 3), {"nonzero_target": OCCUPIED_6_3, "nonzero_target_last": True}),
        SinceRelease((6, 12), {"percpu_end": 0x39000}),
        SinceRelease((6, 15), {"percpu_end": 0}),
        SinceRelease((6, 19), {"nonzero_target": OCCUPIED_6_19, "overflow": OVERFLOW_6_19}),
    ),
)

UM = X86_64._replace(**X86_64.as_process)

I386 = Arch(
    name="i386",
    machines=(3, 6),
    bits=32,
    order="little",
    relocs={
        1: RelocType("R_386_32", s_a, word(32)),
        2: RelocType("R_386_PC32", s_a_p, word(32)),
        4: RelocType("R_386_PLT32", s_a_p, word(32)),
    },
    unknown=Diagnostic("{prefix}{module}: Unknown relocation: {number}", ENOEXEC),
    rela=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    prefix="module: ",
    optional=X86_64.optional,
    got=frozenset({3, 9, 10, 43}),
    unames="x86_64|amd64|i[3-6]86",
    syscalls=Numbers(128, 350, 129),
    bcj=("XZ_DEC_X86",),
    config="X86_32",
    page_size=4096,
    prel32=True,
    text=0xC100_0000,
    as_process=UML,
)

UM32 = I386._replace(**I386.as_process)

ARCHS = (X86_64, I386)
