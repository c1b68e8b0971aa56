""".got, .plt and the relocation stack of LoongArch; arch/loongarch/kernel/module-sections.c."""

from __future__ import annotations

import operator
from errno import EINVAL, ENOEXEC
from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils import twos_complement
from pymodutils.arch.frob import Frobbed, code, data
from pymodutils.arch.loongarch_fields import HI12, HI20, J16, LO20
from pymodutils.arch.plt_got import PlacedModule, Refusal, Relocation, RelocGroup, StubBuilder, words
from pymodutils.arch.range import signed
from pymodutils.arch.reloc import Diagnostic
from pymodutils.arch.stub_table import Got, StubTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pymodutils.arch.frob import UnplacedModule
    from pymodutils.arch.reloc import Relocations

ENTRY, SLOT, LINE, DEPTH = 16, 8, 64, 16  # bytes of a PLT entry, of a word, L1_CACHE_BYTES; RELA_STACK_DEPTH
PUSH_PCREL, PUSH_ABSOLUTE, PUSH_DUP, PUSH_PLT, IF_ELSE, B26 = 22, 23, 24, 29, 37, 66
GOT_HI20, GOT_LO12 = 75, 76
REACH: Final = signed(28)
BINARY: Final[Mapping[int, Callable[[int, int], int]]] = {
    32: operator.sub,
    33: lambda a, b: a << (b & 63),
    34: lambda a, b: a >> (b & 63),
    35: operator.add,
    36: operator.and_,
}
SILENT = Diagnostic("", ENOEXEC)
BAD_GOT = Diagnostic("{module}: module contains bad GOT relocation", EINVAL)


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .plt and .plt.idx for each call, in .got for each address, in sections of code."""
    got, plt, idx = (info.find(name) for name in (".got", ".plt", ".plt.idx"))
    for found, name in ((got, "GOT"), (plt, "PLT"), (idx, "PLT.IDX")):
        if not found:
            raise Refusal(Diagnostic(f"{{module}}: module {name} section(s) missing", ENOEXEC))
    entries, slots, orders = 1, 1, {}
    for at, relocs in info.of_code():
        kinds = set(_keys(relocs))
        entries += sum(number in (PUSH_PLT, B26) for _, number, _ in kinds)
        slots += sum(number == GOT_HI20 for _, number, _ in kinds)
        orders[at] = partial(_sorted, relocs)
    changes = {
        got: data(SLOT * slots, LINE),
        plt: code(ENTRY * entries, LINE),
        idx: data(SLOT * entries, LINE),
    }
    return Frobbed(changes, orders)


def _keys(relocs: Relocations) -> list[tuple[int, int, int]]:
    return list(zip(relocs.symbols, relocs.numbers, relocs.A or (), strict=True))


def _sorted(relocs: Relocations) -> list[int]:
    """The loader's order of ``relocs``: by symbol, number and addend."""
    keys = _keys(relocs)
    return sorted(range(len(keys)), key=keys.__getitem__)


class LoongarchTables(StubBuilder):
    """.got, .plt, whose targets .plt.idx repeats, and the stack."""

    reach = {B26: REACH}  # noqa: RUF012 -- of the class, never changed

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        sections = module.sections
        self.got = Got(module, sections[".got"], spare=1, full=BAD_GOT)
        self.plt = StubTable(module, sections[".plt"], ENTRY, spare=1)
        self.idx = Got(module, sections[".plt.idx"], spare=1)
        self.stack: list[int] = []

    def together(self, many: RelocGroup) -> Sequence[int] | None:
        """The targets of branches in range, or symbols' slots, if each has a high half in the section."""
        if many.number not in (GOT_HI20, GOT_LO12):
            return super().together(many)
        highs = {(symbol, A): S + A for S, A, _, symbol in many.others(GOT_HI20)}
        keys = list(zip(many.symbols, many.A, strict=True))
        if not many.section.sorts or not highs.keys() >= set(keys):
            return None
        slots = {key: self.got.of(highs[key]) for key in sorted(highs)}
        return list(map(slots.__getitem__, keys))

    def begin(self, _: Relocations) -> None:
        """Each section begins with an empty stack."""
        self.stack = []

    def goal(self, one: Relocation) -> int:
        """The symbol's slot, the target of a call, or a value from the stack."""
        target = one.S + one.A
        if one.number in (GOT_HI20, GOT_LO12):
            return self.got.of(target)
        if one.number in (B26, PUSH_PLT) and target - one.P not in REACH:
            target = self._entry(target)
        if one.number == B26:
            return target
        if one.number in (PUSH_PCREL, PUSH_PLT, PUSH_ABSOLUTE):
            return self._push(target - (0 if one.number == PUSH_ABSOLUTE else one.P))
        return self._operate(one.number)

    def _operate(self, number: int) -> int:
        """Execute ``number``; return the value stored by a POP."""
        if number == PUSH_DUP:
            top = self._pop()
            return self._push(top) or self._push(top)
        if number == IF_ELSE:
            otherwise, then, condition = self._pop(), self._pop(), self._pop()
            return self._push(then if condition else otherwise)
        if number in BINARY:
            second, first = self._pop(), self._pop()
            return self._push(BINARY[number](first, second))
        return self._pop()

    def _push(self, value: int) -> int:
        if len(self.stack) == DEPTH:
            raise Refusal(SILENT)
        self.stack.append(twos_complement.signed(value, 64))
        return 0

    def _pop(self) -> int:
        if not self.stack:
            raise Refusal(SILENT)
        return self.stack.pop()

    def _entry(self, target: int) -> int:
        """The entry that leads to ``target``: lu12i.w t1; lu32i.d t1; lu52i.d t1; jirl t1."""
        if target not in self.plt.known:
            high, higher = HI20.put(0x1400_000D, target), LO20.put(0x1600_000D, target)
            highest, jump = HI12.put(0x0300_01AD, target), J16.put(0x4C00_01A0, target & 0xFFF)
            self.plt.add(target, words("little", high, higher, highest, jump))
            self.idx.of(target)
        return self.plt.known[target]
