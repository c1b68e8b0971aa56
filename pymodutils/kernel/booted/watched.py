"""A booted kernel whose state can be saved and restored, and whose modules are watched as they run."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.btf import Btf
from pymodutils.elf.ctype import Struct
from pymodutils.errors import BadKernel
from pymodutils.kernel.booted import ends, stubs, values
from pymodutils.kernel.booted.checks import KINDS, Checks
from pymodutils.kernel.booted.kernel import BootedKernel
from pymodutils.kernel.booted.signatures import HostVerifier
from pymodutils.kernel.booted.stubs import Stubs
from pymodutils.machine import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.kernel.booted.checks import Saved
    from pymodutils.kernel.booted.coverage import Coverage
    from pymodutils.kernel.booted.module import LiveModule
    from pymodutils.kernel.booted.observer import Observer
    from pymodutils.kernel.booted.replace import Replacement
    from pymodutils.machine.checkpoint import Checkpoint
    from pymodutils.machine.guest import Guest
    from pymodutils.machine.results import Result

SECONDS: Final = 5  # of CPU time that a call may take
FRAME: Final = re.compile(r"([\w.]+)\+0x([0-9a-f]+)/0x[0-9a-f]+ \[(\w+)\]")
SYMBOL_SIZE: Final = 24  # of Elf64_Sym
MOD_TEXT, MOD_INIT_TEXT = 0, 4  # include/linux/module.h


class Moment(NamedTuple):
    """A machine, and the modules in it."""

    checkpoint: Checkpoint
    modules: dict[str, LiveModule]
    checked: Saved | None = None
    stubs: dict[str, int] | None = None


class WatchedKernel(BootedKernel):
    """The kernel on ``guest``, created by ``make`` from ``path``."""

    def __init__(self, path: str, make: Callable[[], Guest]) -> None:
        super().__init__(path)
        self._make, self.guest = make, make()
        self.guest.machine.limit(SECONDS)
        self.modules: dict[str, LiveModule] = {}
        self._replaced: list[Replacement] = []
        self._removed: list[LiveModule] = []
        self.closed = False
        self.checks: Checks | None = None
        self.coverage: Coverage | None = None
        self._verifier: HostVerifier | None = None
        self._inits: dict[str, int] = {}
        self._codes: dict[str, list[range]] = {}
        _, self._booted = self.guest.log_end()
        kind = self.btf.named(stubs.ARGUMENT) if self.btf else None
        self.stubs = Stubs(self.guest, kind) if isinstance(kind, Struct) else None
        self._start = self.moment()

    # Moments

    def moment(self) -> Moment:
        """The current state, for ``restore``."""
        checked = self.checks.save() if self.checks else None
        made = dict(self.stubs.made) if self.stubs else None
        return Moment(checkpoint.take(self.guest), dict(self.modules), checked, made)

    def restore(self, moment: Moment) -> None:
        """Restore the state at ``moment``, in a millisecond or two; stand-ins are undone."""
        if self.coverage:
            self.coverage.harvest(self)
        for replaced in self._replaced:
            replaced.undo()
        self._replaced.clear()
        spoiled = self.guest.machine.spoiled
        if spoiled:
            self.guest = self._make()
            self.guest.machine.limit(SECONDS)
        checkpoint.restore(self.guest, moment.checkpoint)
        self.modules = dict(moment.modules)
        self._removed.clear()
        if spoiled:
            self._listen()
        if self.stubs:
            self.stubs.restore(moment.stubs or {}, self.guest)
        if self.checks and moment.checked:
            self.checks.restore(moment.checked)

    def reset(self) -> None:
        """Restore the state just after boot."""
        self.restore(self._start)

    # What is watched

    def check(self, kinds: Sequence[type[Observer]] = KINDS) -> Checks:
        """Start checking memory use by modules; earlier allocations are unknown. See ``checks``.

        ``reset`` goes back to this moment then.
        """
        if not self.guest.machine.arch.checked:
            raise BadKernel("checks", "there are no checks for kernels of this machine")
        self.checks = self.checks or Checks(self, kinds)
        self._watch_inits()
        self._start = self.moment()
        return self.checks

    def trust(self, keys: Sequence[bytes]) -> None:
        """Verify signatures of modules by ``keys``, certificates in DER, on the host: much faster."""
        self._verifier = HostVerifier(self, keys)

    def cover(self, coverage: Coverage) -> None:
        """Record the module code executed from now on in ``coverage``."""
        self.coverage = coverage
        coverage.attach(self)
        self._watch_inits()

    def _listen(self) -> None:
        """Watch a new processor."""
        if self.checks:
            self.checks.attach()
        if self.coverage:
            self.coverage.attach(self)
        if self._verifier:
            self._verifier.attach()
        if self.checks or self.coverage:
            self._watch_inits()

    def _watch_inits(self) -> None:
        """Record the address of each module's code; its init area is freed at the end of the load."""
        kind = self.btf.named("struct module") if self.btf else None
        if isinstance(kind, Struct):
            function = self.guest.address("do_init_module")
            self.guest.machine.cpu.watch(function, lambda: self._note_init(kind))

    def _note_init(self, kind: Struct) -> None:
        machine = self.guest.machine
        module = values.KernelObject(machine.space, kind, machine.arguments(1)[0])
        parts = "mem" in kind.fields  # since 6.4
        part = module.mem[MOD_INIT_TEXT] if parts else module.init_layout
        core = module.mem[MOD_TEXT] if parts else module.core_layout
        self._inits[module.name] = int(part.base)
        self._codes[module.name] = [range(it.base, it.base + it.size) for it in (part, core)]
        known = self.modules.get(module.name)
        if self.checks and known:
            table = module.kallsyms
            known.lies(machine.space.read(table.symtab, table.num_symtab * SYMBOL_SIZE))
            self.checks.loaded(known, int(module))

    @property
    def located(self) -> list[LiveModule]:
        """The modules that are or were loaded since the last moment, with the places of their sections."""
        if not self.guest.machine.spoiled:
            for module in self.modules.values():
                module.locate()
        return [*self.modules.values(), *self._removed]

    def name(self, address: int) -> str:
        """The function of a module at ``address``, with file and line or offset; else the kernel's symbol."""
        found = (module.where(address) for module in self.located)
        return next(filter(None, found), "") or self.guest.symbol(address)

    @cached_property
    def btf(self) -> Btf | None:
        """The types of the kernel itself, or None if it has no BTF."""
        try:
            start, stop = (self.guest.address(f"__{word}_BTF") for word in ("start", "stop"))
        except BadKernel:
            return None
        return _btf(self.guest.machine.space.read(start, stop - start))

    def messages(self) -> list[str]:
        """The texts of the log since the kernel booted, without levels and times."""
        return [ends.text(line) for line in self.guest.log(self._booted)[0]]

    def transcript(self) -> list[str]:
        """``messages`` with source lines where known."""
        return [self._annotated(text) for text in self.messages()]

    def _annotated(self, text: str) -> str:
        found = FRAME.search(text)
        module = self.modules.get(found[3]) if found else None
        if not found or not module:
            return text
        returns = not text.startswith("RIP")  # a trace has the instruction after a call
        line = module.line(found[1], int(found[2], 16) - returns)
        return f"{text}  {line}" if line else text

    def _change(self, step: Callable[[Guest], Result]) -> Result:
        return step(self.guest)

    def _current(self) -> Guest:
        return self.guest


@lru_cache(maxsize=2)
def _btf(data: bytes) -> Btf:
    return Btf(data, subject="the kernel")
