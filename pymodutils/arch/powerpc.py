"""PowerPC, 32 bit: https://github.com/rui314/psabi, ppc.pdf; arch/powerpc/kernel/module_32.c.

Calls out of range go through .plt or .init.plt, which have an entry for each target.
"""

from __future__ import annotations

from errno import ENOEXEC
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Final

from pymodutils.arch.calc import l_p, s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.frob import Frobbed, HeaderChange
from pymodutils.arch.model import REL_UNSUPPORTED, Arch, Extable
from pymodutils.arch.plt_got import PlacedModule, Refusal, words
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.stub_table import PltPair
from pymodutils.arch.syscalls import Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.arch.frob import UnplacedModule
    from pymodutils.arch.reloc import Relocations

ENTRY, REL24 = 16, 10  # bytes of an entry; the calls
REACH: Final = signed(26)
FTRACE: Final = "DYNAMIC_FTRACE"
TRACERS: Final = {"ftrace_caller": FTRACE, "ftrace_regs_caller": "DYNAMIC_FTRACE_WITH_REGS"}
MISSING = Diagnostic("module_32: Module doesn't contain .plt or .init.plt sections.", ENOEXEC)

LO, HI = insn(2, (15, 0, 0)), insn(2, (31, 16, 0))
HA = insn(2, (31, 16, 0, 0x8000))  # the low half is signed
LI = insn(4, (25, 2, 2))
WORDS_RELATIVE = Extable("ii", relative=2)


def sorted_down(relocs: Relocations) -> list[int]:
    """The loader's order of ``relocs``: by symbol, number and addend, descending."""
    keys = list(zip(relocs.symbols, relocs.numbers, relocs.A or (), strict=True))
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=True)


def calls(relocs: Relocations) -> int:
    """The number of distinct call targets in ``relocs``, without symbol 0 with addend 0."""
    if REL24 not in relocs.numbers:
        return 0
    pairs = zip(relocs.symbols, relocs.A or (), strict=True)
    return len(set(compress(pairs, map(REL24.__eq__, relocs.numbers))) - {(0, 0)})


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .plt and .init.plt, and sort all relocations."""
    core, init = info.find(".plt"), info.find(".init.plt")
    if not core or not init:
        raise Refusal(MISSING)
    counts: Mapping[int, list[int]] = {core: [], init: []}
    for at, relocs in info.relocations.items():
        name = info.sections[at].name
        if ".debug" not in name:
            counts[init if ".init" in name else core].append(calls(relocs) + info.on(FTRACE))
    changes = {at: HeaderChange(sh_size=ENTRY * sum(each)) for at, each in counts.items()}
    orders = {
        at: partial(sorted_down, relocs)
        for at, relocs in info.relocations.items()
        if ".debug" not in info.sections[at].name
    }
    return Frobbed(changes, orders)


def tracers(module: PlacedModule) -> dict[str, int]:
    """The known addresses of the ftrace functions for which every module gets an entry."""
    wanted = [name for name, option in TRACERS.items() if module.options.get(option) == "y"]
    return {name: module.kernel[name] for name in wanted if name in module.kernel}


class PowerpcPlts(PltPair):
    """The entries of .plt and .init.plt: lis 12; addi 12,12; mtctr 12; bctr."""

    reach = {REL24: REACH}  # noqa: RUF012 -- of the class, never changed
    size = ENTRY

    def finish(self) -> None:
        """Entries for ftrace."""
        for address in tracers(self.module).values():
            self.entry(self.core, address)

    def code(self, target: int) -> bytes:
        """The four instructions."""
        lis, addi = HA.put(0, target) | 0x3D80_0000, LO.put(0, target) | 0x398C_0000
        return words(self.module.order, lis, addi, 0x7D89_03A6, 0x4E80_0420)


PPC = Arch(
    name="powerpc",
    machines=(20,),
    bits=32,
    order="big",
    relocs={
        1: RelocType("R_PPC_ADDR32", s_a, word(32)),
        4: RelocType("R_PPC_ADDR16_LO", s_a, LO),
        5: RelocType("R_PPC_ADDR16_HI", s_a, HI),
        6: RelocType("R_PPC_ADDR16_HA", s_a, HA),
        10: RelocType("R_PPC_REL24", l_p, LI),
        26: RelocType("R_PPC_REL32", s_a_p, word(32)),
    },
    unknown=Diagnostic("module_32: {module}: unknown ADD relocation: {number}", ENOEXEC),
    rel=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    extable=WORDS_RELATIVE,
    uname="ppc",
    unames="ppc|powerpc",
    syscalls=Numbers(128, 353, 129),
    bcj=("XZ_DEC_POWERPC",),
    config="PPC32",
    switches=tuple(TRACERS.values()),
    text=0xC000_0000,
    frob=frob,
    builder=PowerpcPlts,
    options={FTRACE: "y"},
    calls=tuple(TRACERS),
)

ARCHS = (PPC,)
