"""Stubs of 64-bit PowerPC, which save r2; arch/powerpc/kernel/module_64.c."""

from __future__ import annotations

from errno import ENOENT, ENOEXEC
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, Final

from pymodutils.arch.frob import Frobbed, HeaderChange
from pymodutils.arch.plt_got import PlacedModule, Refusal, Relocation, RelocGroup, StubBuilder, words
from pymodutils.arch.powerpc import FTRACE, HA, LO, TRACERS, calls, sorted_down, tracers
from pymodutils.arch.reloc import Diagnostic
from pymodutils.arch.stub_table import StubTable
from pymodutils.elf.constants import SHN_ABS, SHN_LIVEPATCH, SHN_UNDEF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.arch.frob import UnplacedModule
    from pymodutils.arch.reloc import Relocations

NOP, MAGIC, BIAS = 0x6000_0000, 0x7374_7562, 0x8000
BY_PROFILE: Final = "MPROFILE_KERNEL"
NEEDLESS: Final = ("_mcount", *TRACERS)  # whose callers need no r2
TOC: Final = ".TOC."
V1: Final = "PPC64_ELF_ABI_V1"
LD_R2, LD_R2_V1 = 0xE841_0018, 0xE841_0028  # ld 2,24(1); ld 2,40(1)
CALL, BL, BCL = 0xFC00_0003, 0x4800_0001, 0x4000_0001  # the bits that say what it is, and the calls
NO_STUBS = Diagnostic("module_64: {module}: doesn't contain .stubs.", ENOEXEC)


def entry_size(options: Mapping[str, str]) -> int:
    """The size of a stub: seven instructions, a magic, and the target or its descriptor."""
    return 32 + (24 if options.get(V1) == "y" else 8)


def frob(info: UnplacedModule) -> Frobbed:
    """Reserve space in .stubs, strip dots from names, define .TOC., and sort all relocations."""
    stubs, toc, symbols = info.find(".stubs"), info.find(".toc"), info.symbols
    if not stubs:
        raise Refusal(NO_STUBS)
    undefined = [at for at, section in enumerate(symbols.sections) if at and section == SHN_UNDEF]
    dotted = [at for at in undefined if symbols.name(at).startswith(".")]
    absolute = [at for at in dotted if symbols.name(at) == TOC]
    count = 1 + (sum(map(info.on, TRACERS.values())) if info.on(FTRACE) else 0)
    count += sum(calls(relocs) for relocs in info.relocations.values())
    changes = {stubs: HeaderChange(sh_size=count * entry_size(info.options))}
    if toc:
        changes[toc] = HeaderChange(sh_addralign=max(8, info.sections[toc].sh_addralign))
    orders = {at: partial(sorted_down, relocs) for at, relocs in info.relocations.items()}
    return Frobbed(changes, orders, absolute=frozenset(absolute), undotted=frozenset(dotted))


class Powerpc64Stubs(StubBuilder):
    """The stubs, and r2."""

    def __init__(self, module: PlacedModule) -> None:
        super().__init__(module)
        self.traced: dict[int, bool] = {}  # by symbol
        self.v1 = module.options.get(V1) == "y"
        self.load = LD_R2_V1 if self.v1 else LD_R2  # the instruction that restores r2
        toc = module.sections.get(".toc") or module.sections[".stubs"]
        self.gp = (toc.low & ~0xFF) + BIAS
        self.table = StubTable(module, module.sections[".stubs"], entry_size(module.options))
        sections = enumerate(module.symbols.sections)
        tocs = [at for at, section in sections if section == SHN_ABS and module.symbols.name(at) == "TOC."]
        self.defined = dict.fromkeys(tocs[:1], self.gp)

    def begin(self, _: Relocations) -> None:
        """Discard the results of ``together``."""
        self.also = ()

    def together(self, many: RelocGroup) -> list[int]:
        """The local entries of functions of the module, and the stubs for others."""
        nops = self._nops(many)
        goals = many.each(self._goal)
        self.also = nops
        return goals

    def goal(self, one: Relocation) -> int:
        """The local entry of a function of the module, or the stub for another one."""
        goal = self._goal(one.symbol, one.S + one.A)
        if self._restores(one.symbol) and _returns(*self.module.pairs([one.P])[0]):
            self.module.put(self.load, [one.P + 4])
        return goal

    def end(self) -> Iterable[Diagnostic]:
        """Restore r2 after the calls found by ``together``."""
        self.module.put(self.load, self.also)
        self.also = ()
        return ()

    def _goal(self, symbol: int, target: int) -> int:
        symbols = self.module.symbols
        if not self._is_away(symbol):
            local = 0 if self.v1 else 1 << (symbols.others[symbol] >> 5 & 7) >> 2 << 2
            return target + local
        try:
            return self._stub(target, traced=self._is_traced(symbol))
        except Refusal as refusal:
            raise Refusal(Diagnostic("", ENOENT)) from refusal

    def _is_away(self, symbol: int) -> bool:
        """Whether ``symbol`` is external."""
        return self.module.symbols.sections[symbol] in (SHN_UNDEF, SHN_LIVEPATCH)

    def _restores(self, symbol: int) -> bool:
        """Whether a call of ``symbol`` changes r2."""
        return self._is_away(symbol) and not self._is_traced(symbol)

    def _is_traced(self, symbol: int) -> bool:
        """Whether ``symbol`` is an ftrace function with a special call sequence."""
        if symbol not in self.traced:
            by_profile = self.module.options.get(BY_PROFILE) == "y"
            self.traced[symbol] = by_profile and self.module.symbols.name(symbol) in NEEDLESS
        return self.traced[symbol]

    def finish(self) -> None:
        """Stubs for ftrace."""
        for address in tracers(self.module).values():
            self._stub(address, traced=self.module.options.get(BY_PROFILE) == "y")

    def _stub(self, target: int, *, traced: bool) -> int:
        """The stub for ``target``."""
        if target in self.table.known:
            return self.table.known[target]
        stub, order = self.table.next, self.module.order
        code = self._to_tracer(target) if traced else self._to_function(stub)
        head = words(order, *code, *[0] * (7 - len(code)), MAGIC)
        return self.table.add(target, head + self._data(target))

    def _to_function(self, stub: int) -> list[int]:
        """Addis 11,2; addi 11,11; std 2; ld 12; (ld 2;) mtctr 12; bctr."""
        way = stub - self.gp
        save, load = (0xF841_0028, [0xE84B_0028]) if self.v1 else (0xF841_0018, [])
        find = [HA.put(0, way) | 0x3D62_0000, LO.put(0, way) | 0x396B_0000]
        return [*find, save, 0xE98B_0020, *load, 0x7D89_03A6, 0x4E80_0420]

    def _to_tracer(self, target: int) -> list[int]:
        """Ld 12,(13); addis 12,12; addi 12,12; mtctr 12; bctr: by the kernel's own TOC."""
        kernel = self.module.kernel
        way = target - kernel.get(TOC, 0)
        find = [HA.put(0, way) | 0x3D8C_0000, LO.put(0, way) | 0x398C_0000]
        return [0xE98D_0000 | kernel.get("paca kernel_toc", 0), *find, 0x7D89_03A6, 0x4E80_0420]

    def _data(self, target: int) -> bytes:
        """The address, or the descriptor, which is known if it is in the module itself."""
        if not self.v1:
            return self.module.word(target)
        try:
            return self.module.read(target, 24)
        except Refusal:
            return bytes(24)

    def _nops(self, many: RelocGroup) -> list[int]:
        """The addresses of the nops after external calls; raises Refusal for other instructions."""
        away = set(filter(self._restores, many.values))
        offsets = compress(many.offsets, map(away.__contains__, many.symbols))
        calls = list(map(many.base.__add__, offsets))
        kinds = [(call & CALL, after) for call, after in self.module.pairs(calls)]
        returns = {kind: _returns(*kind) for kind in set(kinds)}
        return [call + 4 for call, kind in zip(calls, kinds, strict=True) if returns[kind]]


def _returns(call: int, after: int) -> bool:
    """Whether ``call`` returns to ``after``; raises Refusal unless that is the nop to replace."""
    if call & CALL not in (BL, BCL):
        return False  # a tail call
    if after != NOP:
        text = f"module_64: {{module}}: Expected nop after call, got {after:08x} at {{symbol}}"
        raise Refusal(Diagnostic(text, ENOEXEC))
    return True
