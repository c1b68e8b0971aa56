"""32-bit ARM and Thumb-2: https://github.com/ARM-software/abi-aa, aaelf32; arch/arm/kernel/module*.c.

Addends are in place (REL). Calls out of range go through .plt or .init.plt: a cache line of ``ldr pc``
instructions, followed by a cache line of the addresses that they load.
"""

from __future__ import annotations

from errno import ENOEXEC
from functools import lru_cache, partial
from itertools import compress
from typing import TYPE_CHECKING, Final

from pymodutils.arch.arm_fields import (
    ALU0,
    ALU1,
    B24,
    LDR2,
    T16,
    THM_B24,
    THM_T16,
    THM_W16,
    V4BX,
    W16,
    mov_pc,
    remaining,
)
from pymodutils.arch.calc import l_p, s_a, s_a_p
from pymodutils.arch.field import insn, word
from pymodutils.arch.frob import Frobbed, UnplacedModule, code
from pymodutils.arch.image import ImageHeader, Magic
from pymodutils.arch.kernel_sort import sort_indexes
from pymodutils.arch.model import REL_UNSUPPORTED, WORDS, Arch
from pymodutils.arch.plt_got import NO_ROOM, PlacedModule, Refusal, Relocation, RelocGroup, StubBuilder, words
from pymodutils.arch.range import Range, signed
from pymodutils.arch.reloc import Diagnostic, RelocType
from pymodutils.arch.syscalls import Numbers
from pymodutils.elf.constants import STT_FUNC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.arch.reloc import Relocations

WHERE: Final = "{module}: section {relsec} reloc {index} sym '{symbol}': "
FAR = Diagnostic(WHERE + "relocation {number} out of range ({place:#x} -> {S:#x})", ENOEXEC)
TO_THUMB = Diagnostic(WHERE + "unsupported interworking call (ARM -> Thumb)", ENOEXEC)
TO_ARM = Diagnostic(WHERE + "unsupported interworking call (Thumb -> ARM)", ENOEXEC)
NO_SYMBOL = Diagnostic("{module}: section {relsec} reloc {index}: bad relocation sym offset", ENOEXEC)
NO_PLACE = Diagnostic(WHERE + "out of bounds relocation, offset {offset} size {size}", ENOEXEC)
THM_CALL, LDR_PC_G2 = 10, 63
BIAS: Final = {1: 8, 28: 8, 29: 8, 10: 4, 30: 4}  # the calls, and how far ahead the pc is
PLTS, FTRACE, THUMB, GROUPS = "ARM_MODULE_PLTS", "DYNAMIC_FTRACE", "THUMB2_KERNEL", "ARM_HAS_GROUP_RELOCS"
TRACERS: Final = ("ftrace_caller", "__gnu_mcount_nc")
REACH, REACH_THUMB = Range(-0x1FF_FFFF, 0x200_0000), Range(-0xFF_FFFF, 0x100_0000)


def stride(options: Mapping[str, str]) -> int:
    """Bytes of a cache line."""
    return 1 << int(options.get("ARM_L1_CACHE_SHIFT", "6"))


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .plt and .init.plt for each call to another section, and sort relocations of code."""
    core, init = info.find(".plt"), info.find(".init.plt")
    if not info.on(PLTS):
        return Frobbed()
    if not core or not init:
        raise Refusal(Diagnostic("{module}: module PLT section(s) missing", ENOEXEC))
    fixed = len(TRACERS) if info.on(FTRACE) else 0
    counts, orders = {core: fixed, init: fixed}, {}
    for at, relocs in info.of_code():
        where = init if info.patched(at).name.startswith(ARM.init) else core
        orders[at] = partial(_sorted, relocs)
        counts[where] += _count(info, at, relocs)
    line = stride(info.options)
    changes = {at: code(-(-count * 8 // (2 * line)) * 2 * line, line) for at, count in counts.items()}
    return Frobbed(changes, orders)


def _sorted(relocs: Relocations) -> list[int]:
    """The loader's order of ``relocs``: by number and symbol."""
    return sort_indexes(list(zip(relocs.numbers, relocs.symbols, strict=True)))


def _count(info: UnplacedModule, at: int, relocs: Relocations) -> int:
    """The number of calls in ``relocs`` that may need an entry; equal neighbours without addend share it."""
    places = list(compress(range(len(relocs.numbers)), map(BIAS.__contains__, relocs.numbers)))
    calls = relocs.ordered(places)
    plain = list(map(_is_plain, calls.numbers, info.words(at, B24, calls.offsets)))
    if all(plain):
        return info.far(at, (symbol for _, symbol in set(zip(calls.numbers, calls.symbols, strict=True))))
    kinds = dict(zip(places, zip(calls.numbers, calls.symbols, plain, strict=True), strict=True))
    row = [kinds[place] for place in _sorted(relocs) if place in kinds]
    pairs = zip(row, [None, *row], strict=False)
    return sum((not now[2] or now != last) and info.leaves(at, now[1]) for now, last in pairs)


@lru_cache(maxsize=1 << 12)
def _is_plain(number: int, word: int) -> bool:
    """Whether the call ``word`` has no addend."""
    return bool(ARM.relocs[number].field.get(word) == -BIAS[number])


class ArmPlts(StubBuilder):
    """The sets of .plt and .init.plt."""

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        self.stride = stride(module.options)
        wanted = module.options.get(PLTS) == "y"
        self.sets = (
            [_PltSets(self, module.sections[name]) for name in (".plt", ".init.plt")] if wanted else []
        )

    def together(self, many: RelocGroup) -> list[int] | None:
        """The targets of calls, if all are in code of the same kind."""
        if many.number == LDR_PC_G2:
            return None
        thumb = BIAS[many.number] == BIAS[THM_CALL]
        infos = self.module.symbols.infos
        for symbol, S in many.values.items():
            if S & 3 if not thumb else infos[symbol] & 0xF == STT_FUNC and not S & 1:
                return None
        return many.targets  # their range is checked by the row

    def goal(self, one: Relocation) -> int:
        """The target of a call with its addend, or its PLT entry."""
        target = one.S + one.A
        if one.number == LDR_PC_G2:
            if remaining(target - one.P, 2) >> 12:
                raise Refusal(FAR)
            return target
        bias = BIAS[one.number]
        thumb = bias == BIAS[THM_CALL]
        if not thumb and one.S & 3:
            raise Refusal(TO_THUMB)
        if thumb and self.module.symbols.infos[one.symbol] & 0xF == STT_FUNC and not one.S & 1:
            raise Refusal(TO_ARM)
        reach = REACH_THUMB if thumb else REACH
        if target - one.P in reach or not self.sets:
            return target
        return self.sets[self.module.is_init(one.P)].of(target + bias & 0xFFFF_FFFF) - bias


class _PltSets:
    """One of the sections; its first entries are for ftrace."""

    def __init__(self, plts: ArmPlts, span: Range) -> None:
        self.module, self.stride, self.span = plts.module, plts.stride, span
        fixed = TRACERS if self.module.options.get(FTRACE) == "y" else ()
        self.fixed = [self.module.kernel.get(name, 0) for name in fixed]
        self.count, self.last = 0, 0
        load = self.stride - 4 << 16 | 0xF000_F8DF if self.module.options.get(THUMB) == "y" else 0
        self.load = words("little", load or 0xE59F_F000 | self.stride - 8)

    def of(self, target: int) -> int:
        """The PLT entry for ``target``: a fixed one, the latest one, or a new one."""
        if not self.count:
            for address in self.fixed:
                self._add(address)
        if target in self.fixed:
            return self._at(self.fixed.index(target))
        if not self.count or self.last != target:
            self._add(target)
        return self._at(self.count - 1)

    def _at(self, index: int) -> int:
        full, here = divmod(index, self.stride // 4)
        return self.span.low + 2 * self.stride * full + 4 * here

    def _add(self, target: int) -> None:
        entry = self._at(self.count)
        if entry + self.stride >= self.span.high:
            raise Refusal(NO_ROOM)
        if not self.count % (self.stride // 4):
            self.module.write(entry, self.load * (self.stride // 4))
        self.module.write(entry + self.stride, self.module.word(target))
        self.count, self.last = self.count + 1, target


ARM = Arch(
    name="arm",
    machines=(40,),
    bits=32,
    order="little",
    relocs={
        0: RelocType("R_ARM_NONE"),
        1: RelocType("R_ARM_PC24", l_p, B24, REACH),
        2: RelocType("R_ARM_ABS32", s_a, word(32)),
        3: RelocType("R_ARM_REL32", s_a_p, word(32)),
        10: RelocType("R_ARM_THM_CALL", l_p, THM_B24, REACH_THUMB, needs=THUMB),
        28: RelocType("R_ARM_CALL", l_p, B24, REACH),
        29: RelocType("R_ARM_JUMP24", l_p, B24, REACH),
        30: RelocType("R_ARM_THM_JUMP24", l_p, THM_B24, REACH_THUMB, needs=THUMB),
        38: RelocType("R_ARM_TARGET1", s_a, word(32)),
        40: RelocType("R_ARM_V4BX", mov_pc, V4BX),
        42: RelocType("R_ARM_PREL31", s_a_p, insn(4, (30, 0, 0)), signed(31)),
        43: RelocType("R_ARM_MOVW_ABS_NC", s_a, W16),
        44: RelocType("R_ARM_MOVT_ABS", s_a, T16),
        45: RelocType("R_ARM_MOVW_PREL_NC", s_a_p, W16),
        46: RelocType("R_ARM_MOVT_PREL", s_a_p, T16),
        47: RelocType("R_ARM_THM_MOVW_ABS_NC", s_a, THM_W16, needs=THUMB),
        48: RelocType("R_ARM_THM_MOVT_ABS", s_a, THM_T16, needs=THUMB),
        49: RelocType("R_ARM_THM_MOVW_PREL_NC", s_a_p, THM_W16, needs=THUMB),
        50: RelocType("R_ARM_THM_MOVT_PREL", s_a_p, THM_T16, needs=THUMB),
        57: RelocType("R_ARM_ALU_PC_G0_NC", s_a_p, ALU0, needs=GROUPS),
        59: RelocType("R_ARM_ALU_PC_G1_NC", s_a_p, ALU1, needs=GROUPS),
        63: RelocType("R_ARM_LDR_PC_G2", l_p, LDR2, needs=GROUPS),
    },
    unknown=Diagnostic("{module}: unknown relocation: {number}", ENOEXEC),
    got=frozenset({24, 25, 26, 96}),
    overflow=FAR,
    rela=Diagnostic(REL_UNSUPPORTED, ENOEXEC),
    out_of_bounds=(NO_SYMBOL, NO_PLACE),
    unames=r"arm(?!64).*",
    syscalls=Numbers(128, 379, 129),
    images=(ImageHeader("zImage", (Magic(0x24, b"\x18\x28\x6f\x01"),)),),
    bcj=("XZ_DEC_ARM", "XZ_DEC_ARMTHUMB"),
    config="ARM",
    page_size=4096,
    switches=(GROUPS, PLTS, FTRACE, THUMB),
    text=0xC000_8000,
    memory=Range(0xBF00_0000, 0xC000_0000),
    spare=Range(0xF080_0000, 0xFF80_0000),  # vmalloc's of 240 MB
    init=(".init", ".ARM.extab.init", ".ARM.exidx.init"),
    exit=(".exit", ".ARM.extab.exit", ".ARM.exidx.exit"),
    extable=WORDS[32],
    frob=frob,
    builder=ArmPlts,
    options={PLTS: "y", FTRACE: "y", GROUPS: "y"},
    calls=TRACERS,
)

ARM_BIG = ARM._replace(order="big", images=(ImageHeader("zImage", (Magic(0x24, b"\x01\x6f\x28\x18"),)),))

ARCHS = (ARM, ARM_BIG)
