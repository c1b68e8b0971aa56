"""What an architecture is, as values: facts, and a table with one row for each relocation."""

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


NEVER: Final = Diagnostic("", 0)  # by machines whose rows have nothing to complain about


class Extable(NamedTuple):
    """An entry of __ex_table: two addresses, of an instruction and of where to go on, and perhaps more."""

    codes: str  # struct's
    relative: int = 0  # how many of these addresses are seen from themselves


class SinceRelease(NamedTuple):
    """Fields of an Arch that are others from a release on, and with the CONFIG_ option that it ``needs``."""

    release: tuple[int, int]
    facts: Mapping[str, Any]
    needs: str = ""


class Calls(NamedTuple):
    """How code hands a constant to a function that it calls by its distance; both of 4 bytes."""

    arguments: Mapping[int, bytes]  # by its number from 1 on, what stands before the constant
    opcodes: bytes  # each of a call, or of a jump at the end of a function


KERNEL_TEXT: Final = {32: 0xC010_0000, 64: 0xFFFF_FFFF_8100_0000}
RELATIVE: Final = Extable("ii4s", relative=2)
WORDS: Final = {32: Extable("II"), 64: Extable("QQ")}  # the generic one, by width


class Arch(NamedTuple):
    """All that differs between architectures.

    To add one: copy the psABI's table into ``arch/<name>.py``, one row a line, with the ranges that the
    kernel checks; fill in what is keyed by machine; give ``pair`` only if some relocation needs another to
    know its value, ``frob`` and ``builder`` only if the loader makes slots, stubs or descriptors
    (arch.plt_got); add it to the cases of tests/arch, where GNU ld judges each bit.
    """

    name: str  # the kernel's: ARCH=
    machines: tuple[int, ...]  # the e_machine that elf_check_arch accepts
    bits: Literal[32, 64]
    order: ByteOrder
    relocs: Mapping[int, RelocType]
    unknown: Diagnostic  # of numbers without a row
    overflow: Diagnostic = NEVER
    misaligned: Diagnostic = NEVER
    nonzero_target: Diagnostic | None = None  # when the place must be all zero first
    nonzero_target_last: bool = False  # whether the value is looked at before the place
    rel: Diagnostic | None = None  # why SHT_REL sections are refused; None: they are applied
    rela: Diagnostic | None = None  # the same of SHT_RELA
    prefix: str = ""  # of the log lines about relocations
    uname: str = ""  # uname -m; the kernel's name of the architecture if empty
    unames: str = ""  # a regular expression for all of them; only that if empty
    syscalls: Numbers = GENERIC
    abis: Mapping[str, Numbers] = {}  # the same of other ABIs, by how triplets end
    compat: str = ""  # uname -m of the machine whose processes of 32 bits it runs, if another file has it
    images: tuple[ImageHeader, ...] = ()  # that kernels of this machine begin with
    image_page_size: Callable[[bytes], int | None] | None = None  # bytes, by a bare image
    image_texts: Mapping[str, bytes] = {}  # by option, without CONFIG_: what an image that has it contains
    image_calls: Calls | None = None  # in the code of its images
    image_relative: int = 0  # the type by which a bare image moves itself, R_*_RELATIVE
    bcj: tuple[str, ...] = ()  # filters of XZ, by option, that Kconfig builds in
    config: str = ""  # the CONFIG_ option, without the prefix, that a kernel for this machine sets
    page_size: int | None = None  # bytes, if the machine has one size only
    vermagic: str | None = None  # MODULE_ARCH_VERMAGIC, if no option changes it
    switches: tuple[str, ...] = ()  # options, without CONFIG_, that decide about modules of this machine only
    prel32: bool = False  # HAVE_ARCH_PREL32_RELOCATIONS: export tables hold distances
    text: int = 0  # the link address of the kernel; 0: by width
    memory: Range = Range(0, 0)  # where module_alloc looks for room
    spare: Range = Range(0, 0)  # where it looks when that is full
    percpu_end: int = 0  # __per_cpu_end of a usual kernel; 0: per-cpu data ends where the kernel does
    beside: Callable[[Range], tuple[Range, Range]] | None = None  # both by the kernel's _text and _end
    optional: frozenset[str] = frozenset()  # undefined symbols that may stay 0 though not weak
    init: tuple[str, ...] = (".init",)  # how the names of sections freed after init() begin
    exit: tuple[str, ...] = (".exit",)  # the same of those that only removal needs
    small: int = 0  # ARCH_SHF_SMALL: sections that the global pointer reaches, placed last
    ident: bool = False  # whether elf_check_arch looks at EI_CLASS, too
    accepts: Callable[[int, int], bool] | None = None  # of e_flags and e_entry; None: all are
    extable: Extable = RELATIVE
    r_info: Callable[[Sequence[int]], RInfo] | None = None  # what r_info says, if that is unusual
    by_word: Callable[[Relocations, memoryview], Relocations] | None = (
        None  # the same, by what is at the places
    )
    pair: Callable[[Relocations, int], dict[int, Diagnostic]] | None = None
    got: frozenset[int] = frozenset()  # types without a row that only position-independent code has
    paired: frozenset[int] = frozenset()  # a section without these numbers does not need ``pair``
    error_values: Range | None = None  # values of symbols that stand for none
    unknown_symbol: Diagnostic = NEVER  # said of those
    weak: bool = True  # but not where such a symbol is weak: its relocations are passed over
    out_of_bounds: (
        tuple[Diagnostic, Diagnostic] | tuple[()]
    ) = ()  # said of symbols and of places beyond the end
    frob: Callable[[UnplacedModule], Frobbed] | None = None  # module_frob_arch_sections
    builder: Callable[[PlacedModule], StubBuilder] | None = None
    patches: Callable[[], Patches] | None = None  # module_finalize, by the section that names the places
    as_process: Mapping[str, Any] = {}  # the fields that are others where the kernel is a process: UML
    options: Mapping[str, str] = {}  # what is taken to be configured if nothing is known
    always: Mapping[str, tuple[int, int]] = {}  # those that have become the only way, and since when
    since_release: tuple[SinceRelease, ...] = ()  # what holds instead in other kernels, the latest last
    calls: tuple[str, ...] = ()  # functions of the kernel that its stubs lead to

    @property
    def machine_name(self) -> str:
        """The name that uname -m prints."""
        return self.uname or self.name

    @property
    def kernel_text(self) -> int:
        """The address at which a kernel of this machine is linked, unless its image tells another."""
        return self.text or KERNEL_TEXT[self.bits]

    @property
    def sums(self) -> dict[int, int]:
        """Type -> bytes where a whole word gets S + A; none where r_info is unusual."""
        rows = {} if self.r_info else self.relocs
        return {at: row.field.size for at, row in rows.items() if row.calc is s_a and row.field.whole}

    def placed(self, kernel: Range) -> Arch:
        """The same with module memory where a kernel that spans ``kernel`` has it."""
        if self.beside is None:
            return self
        memory, spare = self.beside(kernel)
        return self._replace(memory=memory, spare=spare)

    def configured(self, known: Mapping[str, str], release: tuple[int, int]) -> dict[str, str]:
        """The options of a kernel of ``release`` of whose configuration this is known."""
        grown = {name: "y" for name, since in self.always.items() if release >= since}
        return {**self.options, **known, **grown}

    def fitting(self, options: Mapping[str, str], release: tuple[int, int]) -> Arch:
        """The same for a kernel of this configuration and release, which may not know all relocations."""
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


REL_UNSUPPORTED: Final = "module {module}: REL relocation unsupported"  # said of RELA too; moduleloader.h
