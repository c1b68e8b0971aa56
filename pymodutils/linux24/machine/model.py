"""The machines of modutils 2.4.16: rows of relocations, and the entries created for them.

The rows are those of ``arch``, except where modutils differs. It has no errno: a relocation overflows, is
dangerous, or is unhandled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.elf.constants import SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_RELA
from pymodutils.linux24.struct_module import Abi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymodutils.arch.model import Arch
    from pymodutils.arch.reloc import RelocType

WRITABLE: Final = SHF_WRITE
CODE: Final = SHF_ALLOC | SHF_EXECINSTR
ARCHDATA: Final = "__archdata"
DANGEROUS: Final = "Dangerous relocation"
OVERFLOW: Final = "Relocation overflow"
UNHANDLED: Final = "Unhandled relocation"


class ObjMachine(NamedTuple):
    """One machine: what modutils was compiled for."""

    name: str  # as in obj_NAME.c
    arch: Arch
    relocs: Mapping[int, RelocType]
    base: int = 0xC880_0000  # the address that the emulated kernel's first create_module gives; i386's
    rel_type: int = SHT_RELA
    slots: Callable[..., Any] | None = None  # makes Slots of another kind than the plain ones
    short: int = 0  # ARCH_SHF_SHORT
    ignored: frozenset[int] | None = None  # types of sections from SHT_LOPROC on that are ignored; None: all
    read: frozenset[int] = frozenset()  # such types that are read
    gp: bool = False  # struct module has the member gp
    slotted: frozenset[int] = frozenset()  # of instructions: arch.ia64_bundle
    page: int = 4096  # bytes
    descriptors: bool = False  # HAS_FUNCTION_DESCRIPTORS
    extable: int = 0  # bytes of struct exception_table_entry; 0: two longs

    @property
    def abi(self) -> Abi:
        """The layout of its structures."""
        return Abi(self.arch.bits, self.arch.order, self.gp)

    @property
    def numbers(self) -> int:
        """The bits of a relocation's number that are not slots."""
        return 0xFF if self.slotted else -1

    def knows(self, sh_type: int) -> bool:
        """Whether modules may have a section of this processor's own type."""
        return self.ignored is None or sh_type in self.ignored or sh_type in self.read
