"""Machine-specific data: dynamic relocations, which arch does not have.

i386 and Alpha are as in the patch; the others use the rows of arch and the psABI's for shared objects.
B is the load address of the module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch import alpha, arm, m68k, powerpc, s390, sparc, x86
from pymodutils.arch.calc import s, s_a, s_a_p
from pymodutils.arch.field import word
from pymodutils.arch.formula import formula
from pymodutils.arch.reloc import RelocType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.arch.model import Arch


class DynMachine(NamedTuple):
    """A machine: ``processor`` is what runs its code here, "" if nothing does."""

    name: str
    arch: Arch
    relocs: Mapping[int, RelocType]
    base: int  # first module address with 128 MB of memory
    rela: bool  # whether relocations have addends
    processor: str = ""
    hash_word: str = "I"  # code of struct


@formula("B", "A")
def b_a(B: int, A: int) -> int:
    """An address in the module, relocated by its base."""
    return B + A


@formula("B", "A", "V", vectorized=False)
def b_a_or_v(B: int, A: int, V: int) -> int:
    """The same; old linkers leave the addend at the place."""
    return B + (A or V)


def _dynamic(prefix: str, bits: int, relative: int, glob_dat: int, slot: int) -> dict[int, RelocType]:
    """The three types only used in shared objects, with addends."""
    field = word(bits)
    return {
        relative: RelocType(f"{prefix}_RELATIVE", b_a, field),
        glob_dat: RelocType(f"{prefix}_GLOB_DAT", s_a, field),
        slot: RelocType(f"{prefix}_JMP_SLOT", s_a, field),
    }


I386: Final = DynMachine(
    name="i386",
    arch=x86.I386,
    relocs={
        1: RelocType("R_386_32", s_a, word(32)),
        2: RelocType("R_386_PC32", s_a_p, word(32)),
        8: RelocType("R_386_RELATIVE", b_a, word(32)),
    },
    base=0xC880_0000,
    rela=False,
    processor="i386",
)
ALPHA: Final = DynMachine(
    name="alpha",
    arch=alpha.ALPHA,
    relocs={
        2: RelocType("R_ALPHA_REFQUAD", s_a, word(64)),
        25: RelocType("R_ALPHA_GLOB_DAT", s_a, word(64)),
        26: RelocType("R_ALPHA_JMP_SLOT", s_a, word(64)),
        27: RelocType("R_ALPHA_RELATIVE", b_a_or_v, word(64)),
    },
    base=0xFFFF_FC00_0000_0000,
    rela=True,
    hash_word="Q",
)
ARM: Final = DynMachine(
    name="arm",
    arch=arm.ARM,
    relocs={
        **arm.ARM.relocs,
        21: RelocType("R_ARM_GLOB_DAT", s, word(32)),
        22: RelocType("R_ARM_JUMP_SLOT", s, word(32)),
        23: RelocType("R_ARM_RELATIVE", b_a, word(32)),
    },
    base=0xBF00_0000,
    rela=False,
    processor="arm",
)
M68K: Final = DynMachine(
    name="m68k",
    arch=m68k.M68K,
    relocs={**m68k.M68K.relocs, **_dynamic("R_68K", 32, 22, 20, 21)},
    base=0xC880_0000,
    rela=True,
    processor="m68k",
)
PPC: Final = DynMachine(
    name="ppc",
    arch=powerpc.PPC,
    relocs={**powerpc.PPC.relocs, **_dynamic("R_PPC", 32, 22, 20, 21)},
    base=0xC100_0000,  # module address within reach of calls to the kernel
    rela=True,
    processor="ppc",
)
S390X: Final = DynMachine(
    name="s390x",
    arch=s390.S390,
    relocs={**s390.S390.relocs, **_dynamic("R_390", 64, 12, 10, 11)},
    base=0x010C_0000,
    rela=True,
    processor="s390x",
)
SPARC64: Final = DynMachine(
    name="sparc64",
    arch=sparc.SPARC64,
    relocs={**sparc.SPARC64.relocs, 22: RelocType("R_SPARC_RELATIVE", b_a, word(64))},
    base=0x0200_0000,
    rela=True,
)
X86_64: Final = DynMachine(
    name="x86_64",
    arch=x86.X86_64,
    relocs={**x86.X86_64.relocs, **_dynamic("R_X86_64", 64, 8, 6, 7)},
    base=0xFFFF_FFFF_A000_0000,
    rela=True,
    processor="x86_64",
)
MACHINES: Final = (I386, ALPHA, ARM, M68K, PPC, S390X, SPARC64, X86_64)


def find(number: int, bits: int, order: str) -> DynMachine | None:
    """The machine whose files have this e_machine, width and byte order."""
    kind = (bits, order)
    found = (each for each in MACHINES if number in each.arch.machines)
    return next((each for each in found if (each.arch.bits, each.arch.order) == kind), None)


def named(name: str) -> DynMachine | None:
    """The machine named ``name``."""
    return next((each for each in MACHINES if each.name == name), None)
