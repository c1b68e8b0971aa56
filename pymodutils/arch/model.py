"""An architecture as values: properties, and a table with one row per relocation type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pymodutils.arch.calc import s_a
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import Diagnostic
from pymodutils.arch.syscalls import GENERIC, Numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pymodutils.arch.frob import Frobbed, UnplacedModule
    from pymodutils.arch.image import ImageHeader
    from pymodutils.arch.patch import Patches
    from pymodutils.arch.plt_got import PlacedModule, StubBuilder
    from pymodutils.arch.reloc import Relocations, RelocType, RInfo

ByteOrder = Literal["little", "big"]


NEVER: Final = Diagnostic("", 0)  # for machines without messages


class Extable(NamedTuple):
    """An entry of __ex_table: the addresses of an instruction and its fixup, and possibly more."""

    codes: str  # struct's
    relative: int = 0  # the number of relative addresses


class SinceRelease(NamedTuple):
    """Fields of an Arch that differ from a release on, and with the CONFIG_ option ``needs``."""

    release: tuple[int, int]
    facts: Mapping[str, Any]
    needs: str = ""


class Calls(NamedTuple):
    """How code passes a constant to a function called PC-relative; both have 4 bytes."""

    arguments: Mapping[int, bytes]  # by its number from 1 on, what stands before the constant
    opcodes: bytes  # each of a call, or of a jump at the end of a function


KERNEL_TEXT: Final = {32: 0xC010_0000, 64: 0xFFFF_FFFF_8100_0000}
RELATIVE: Final = Extable("ii4s", relative=2)
WORDS: Final = {32: Extable("II"), 64: Extable("QQ")}  # generic, by width


class Arch(NamedTuple):
    """The properties of an architecture.

    To add one: copy the psABI's table into ``arch/<name>.py``, one line per type, with the ranges that the
    kernel checks, and fill in the other fields. ``pair`` is needed only if the value of a relocation depends
    on another one, ``frob`` and ``builder`` only if the loader creates GOT slots, stubs or descriptors
    (arch.plt_got). Add it to the cases of tests/arch, which compare every bit with GNU ld.
    """

    name: str  # the kernel's: ARCH=
    machines: tuple[int, ...]  # the e_machine that elf_check_arch accepts
    bits: Literal[32, 64]
    order: ByteOrder
    relocs: Mapping[int, RelocType]
    unknown: Diagnostic  # for numbers without a row
    overflow: Diagnostic = NEVER
    misaligned: Diagnostic = NEVER
    nonzero_target: Diagnostic | None = None  # if the place must be zero before
    nonzero_target_last: bool = False  # whether the value is checked before the place
    rel: Diagnostic | None = None  # why SHT_REL sections are refused; None: they are applied
    rela: Diagnostic | None = None  # the same for SHT_RELA
    prefix: str = ""  # prefix of log lines about relocations
    uname: str = ""  # uname -m; the kernel's name of the architecture if empty
    unames: str = ""  # a regular expression for all of them; only that if empty
    syscalls: Numbers = GENERIC
    abis: Mapping[str, Numbers] = {}  # the same of other ABIs, by how triplets end
    compat: str = ""  # uname -m of the machine whose 32-bit processes it runs, if in another file
    images: tuple[ImageHeader, ...] = ()  # image headers of this machine's kernels
    image_page_size: Callable[[bytes], int | None] | None = None  # page size of a raw image in bytes
    image_texts: Mapping[str, bytes] = {}  # option without CONFIG_ -> text in an image with it
    image_calls: Calls | None = None  # in the code of its images
    image_relative: int = 0  # the type by which a raw image relocates itself, R_*_RELATIVE
    bcj: tuple[str, ...] = ()  # XZ filters enabled by Kconfig, by option
    config: str = ""  # the CONFIG_ option, without the prefix, that a kernel for this machine sets
    page_size: int | None = None  # page size in bytes, if there is only one
    vermagic: str | None = None  # MODULE_ARCH_VERMAGIC, if no option changes it
    switches: tuple[str, ...] = ()  # options without CONFIG_ that affect modules of this machine only
    prel32: bool = False  # HAVE_ARCH_PREL32_RELOCATIONS: export tables contain relative offsets
    text: int = 0  # the link address of the kernel; 0: by width
    memory: Range = Range(0, 0)  # the range of module_alloc
    spare: Range = Range(0, 0)  # the fallback range when that is full
    percpu_end: int = 0  # __per_cpu_end of a typical kernel; 0: per-CPU data ends with the kernel
    beside: Callable[[Range], tuple[Range, Range]] | None = None  # both by the kernel's _text and _end
    optional: frozenset[str] = frozenset()  # undefined symbols that may stay 0 although not weak
    init: tuple[str, ...] = (".init",)  # prefixes of sections freed after init()
    exit: tuple[str, ...] = (".exit",)  # prefixes of sections needed only for removal
    small: int = 0  # ARCH_SHF_SMALL: sections addressed by the global pointer, placed last
    ident: bool = False  # whether elf_check_arch also checks EI_CLASS
    accepts: Callable[[int, int], bool] | None = None  # of e_flags and e_entry; None: all are
    extable: Extable = RELATIVE
    r_info: Callable[[Sequence[int]], RInfo] | None = None  # decoder of r_info, if unusual
    by_word: Callable[[Relocations, memoryview], Relocations] | None = (
        None  # the same, depending on the words at the places
    )
    pair: Callable[[Relocations, int], dict[int, Diagnostic]] | None = None
    got: frozenset[int] = frozenset()  # types without a row that occur only in position-independent code
    paired: frozenset[int] = frozenset()  # ``pair`` is only needed for sections with these numbers
    error_values: Range | None = None  # values of symbols that denote errors
    unknown_symbol: Diagnostic = NEVER  # message for those
    weak: bool = True  # except weak ones, whose relocations are ignored
    out_of_bounds: (
        tuple[Diagnostic, Diagnostic] | tuple[()]
    ) = ()  # messages for symbols and places out of range
    bounds: int = 4  # bytes that the section must have from a place on, if there are such messages
    frob: Callable[[UnplacedModule], Frobbed] | None = None  # module_frob_arch_sections
    builder: Callable[[PlacedModule], StubBuilder] | None = None
    patches: Callable[[], Patches] | None = None  # module_finalize, by the section that lists the places
    as_process: Mapping[str, Any] = {}  # fields that differ in User Mode Linux
    options: Mapping[str, str] = {}  # options assumed if the configuration is unknown
    always: Mapping[str, tuple[int, int]] = {}  # options that became unconditional, with the release
    since_release: tuple[SinceRelease, ...] = ()  # differences in other kernels, the latest last
    calls: tuple[str, ...] = ()  # kernel functions called by its stubs

    @property
    def machine_name(self) -> str:
        """The name in uname -m."""
        return self.uname or self.name

    @property
    def kernel_text(self) -> int:
        """The link address of this machine's kernels, unless the image has another."""
        return self.text or KERNEL_TEXT[self.bits]

    @property
    def sums(self) -> dict[int, int]:
        """Type -> size for whole words set to S + A; empty if r_info is unusual."""
        rows = {} if self.r_info else self.relocs
        return {at: row.field.size for at, row in rows.items() if row.calc is s_a and row.field.whole}

    def placed(self, kernel: Range) -> Arch:
        """The architecture with the module range for a kernel image at ``kernel``."""
        if self.beside is None:
            return self
        memory, spare = self.beside(kernel)
        return self._replace(memory=memory, spare=spare)

    def configured(self, known: Mapping[str, str], release: tuple[int, int]) -> dict[str, str]:
        """The options of a kernel of ``release`` with this partially known configuration."""
        grown = {name: "y" for name, since in self.always.items() if release >= since}
        return {**self.options, **known, **grown}

    def fitting(self, options: Mapping[str, str], release: tuple[int, int]) -> Arch:
        """The architecture for a kernel of this configuration and release, which may lack relocations."""
        now = self
        for change in self.since_release:
            if release >= change.release and (not change.needs or options.get(change.needs) == "y"):
                now = now._replace(**change.facts)
        unknown = [
            number
            for number, row in now.relocs.items()
            if row.since > release or (row.needs and options.get(row.needs) != "y")
        ]
        relocs = {number: row for number, row in now.relocs.items() if number not in unknown}
        return now._replace(relocs=relocs) if unknown else now


REL_UNSUPPORTED: Final = "module {module}: REL relocation unsupported"  # used for RELA too; moduleloader.h
