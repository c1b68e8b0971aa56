"""A booted kernel in the memory of this process alone: for tests, which begin anew each time."""

from __future__ import annotations

import gc
import os
import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from pymodutils import names
from pymodutils.elf.btf import Btf
from pymodutils.elf.ctype import Struct
from pymodutils.errors import BadKernel, ModutilsError, NotFound, Refused
from pymodutils.kernel.booted import boot, ends, files, stubs, values, words
from pymodutils.kernel.booted.arguments import Call
from pymodutils.kernel.booted.checks import Checks
from pymodutils.kernel.booted.kernel import BootedKernel
from pymodutils.kernel.booted.module import LiveModule
from pymodutils.kernel.booted.replace import Replacement
from pymodutils.kernel.booted.stubs import Stubs
from pymodutils.machine import checkpoint, saved
from pymodutils.machine.boot import MEMORY
from pymodutils.machine.paging import PAGE
from pymodutils.machine.results import Returned

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pymodutils.kernel.booted.checks import Saved
    from pymodutils.kernel.booted.coverage import Coverage
    from pymodutils.machine.checkpoint import Checkpoint
    from pymodutils.machine.guest import Guest
    from pymodutils.machine.results import Result

SECONDS: Final = 5  # of processor time that a call may take

GRACE: Final = 50  # milliseconds after which what RCU was to free is free
MOD_INIT_TEXT: Final = 4  # include/linux/module.h
FRAME: Final = re.compile(r"([\w.]+)\+0x([0-9a-f]+)/0x[0-9a-f]+ \[(\w+)\]")


class Moment(NamedTuple):
    """A machine, and the modules in it."""

    checkpoint: Checkpoint
    modules: dict[str, LiveModule]
    checked: Saved | None = None
    stubs: dict[str, int] | None = None


class LiveKernel(BootedKernel):
    """The kernel on ``guest``, taken from ``path``; what is done to it is gone with it."""

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
        self._inits: dict[str, int] = {}
        _, self._booted = self.guest.log_end()
        kind = self.btf.named(stubs.ARGUMENT) if self.btf else None
        self.stubs = Stubs(self.guest, kind) if isinstance(kind, Struct) else None
        self._start = self.moment()

    @classmethod
    def boot(cls, image: str | os.PathLike[str] = "", cmdline: str = "", memory: int = MEMORY) -> Self:
        """The kernel of ``image`` or of a state file, which stays as it is; booted once, then restored.

        Without ``image`` it is the kernel that ``--backend machine`` means, else that of the running release.
        Raises BadKernel and BadState.
        """
        path = os.fspath(image) or files.kernel()
        if saved.is_state(path):
            return cls(path, lambda: saved.load(path)[1])
        base = boot.base(path, cmdline, memory)
        return cls(path, lambda: saved.take(base))

    # Moments

    def moment(self) -> Moment:
        """What is now, for ``restore``."""
        checked = self.checks.save() if self.checks else None
        made = dict(self.stubs.made) if self.stubs else None
        return Moment(checkpoint.take(self.guest), dict(self.modules), checked, made)

    def restore(self, moment: Moment) -> None:
        """Let all be as it was at ``moment``, in a millisecond or two; stand-ins are undone."""
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
        """Let all be as it was when the kernel had booted."""
        self.restore(self._start)

    # What is watched

    def check(self) -> Checks:
        """Begin to check what modules do with memory; what they have already is not known. See ``checks``.

        ``reset`` goes back to this moment then.
        """
        self.checks = self.checks or Checks(self)
        self._watch_inits()
        self._start = self.moment()
        return self.checks

    def cover(self, coverage: Coverage) -> None:
        """Let ``coverage`` hear of the code of modules that runs from now on."""
        self.coverage = coverage
        coverage.attach(self)
        self._watch_inits()

    def _listen(self) -> None:
        """Let a new processor be watched, too."""
        if self.checks:
            self.checks.attach()
        if self.coverage:
            self.coverage.attach(self)
        if self.checks or self.coverage:
            self._watch_inits()

    def _watch_inits(self) -> None:
        """Note where the init part of each module lies, which is gone when its load has ended."""
        kind = self.btf.named("struct module") if self.btf else None
        if isinstance(kind, Struct):
            function = self.guest.address("do_init_module")
            self.guest.machine.cpu.watch(function, lambda: self._note_init(kind))

    def _note_init(self, kind: Struct) -> None:
        machine = self.guest.machine
        module = values.KernelObject(machine.space, kind, machine.arguments(1)[0])
        part = module.mem[MOD_INIT_TEXT] if "mem" in kind.fields else module.init_layout
        self._inits[module.name] = int(part.base)

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
        ours = "the end of the called function" if address - self.guest.code in range(PAGE) else ""
        return next(filter(None, found), "") or ours or self.guest.symbol(address)

    # Modules

    def load(self, path: str | os.PathLike[str], **params: object) -> LiveModule:
        """Load the module file ``path`` and the modules that it depends on; its parameters by name.

        Those are looked for beside it and in the module directory of the image. Raises Refused with the
        errno of the kernel or of init, and as ``LiveModule.call`` where init does not return.
        """
        file = os.fspath(path)
        self.load_needed(file)
        name = files.name(file)
        module = LiveModule(self, name, file)
        known = self.modules.setdefault(name, module)  # stand-ins that init() calls ask for its types
        try:
            self.insert(file, files.parameters(params))
        except ModutilsError as error:
            if known is module:
                del self.modules[name]
            if not isinstance(error, Refused):
                raise
            text = f"{file}: not loaded: {words.status(-error.errno)!r}, {os.strerror(error.errno)}"
            raise Refused(file, text, error.errno) from None
        if name in self._inits:
            module.init_at(self._inits[name])
        return module

    def load_needed(self, file: str) -> None:
        """Load the modules that the module ``file`` depends on; raises as ``load``."""
        for needed in files.needed(file, self.path, partly=bool(self.stubs and self.stubs.made)):
            name = files.name(needed)
            if name not in self.modules and self.state(name) is None:
                self.load(needed)

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name``; Refused with the kernel's errno."""
        located = {module.name: module for module in self.located} if self.checks or self.coverage else {}
        super().delete(name, force=force)
        self.modules.pop(names.normalize(name), None)
        if names.normalize(name) in located:
            self._removed.append(located[names.normalize(name)])

    def unload(self) -> None:
        """Remove all modules that can be, the last one first; with ``checks``, note what is left."""
        for name in reversed(list(self.modules)):
            try:
                self.delete(name)
            except Refused:
                continue  # it has no exit(), or something uses it
        if self.checks and not self.modules:
            self.guest.call("msleep", GRACE)
            self.checks.leaks()

    def call(self, name: str, *arguments: object) -> Any:
        """What the kernel's own function ``name`` returns; as LiveModule.call."""
        function = self.btf.function(name) if self.btf else None
        if function is None:
            raise NotFound(name, f"no prototype of {name} is in the kernel's BTF")
        call = Call(self.guest, function)
        result = call.run(self.guest.address(name), arguments)
        if isinstance(result, Returned):
            return call.returned(result)
        raise ends.error(name, result)

    def replace(
        self,
        name: str,
        stand_in: Callable[..., object] | None = None,
        *,
        fail_at: int | Collection[int] = (),
        result: object = None,
    ) -> Replacement:
        """Let the function ``name`` be ``stand_in``, which gets its arguments, when a module calls it.

        With ``fail_at`` its calls with these numbers, from 1, give ``result`` (NULL, else -ENOMEM), and all
        others what they would. MODULE:NAME is a function of a module, for every caller. One that the kernel
        lacks is there for modules that are loaded after it. Raises NotFound.
        """
        numbers = (fail_at,) if isinstance(fail_at, int) else fail_at
        if stand_in is None and not numbers:
            raise ModutilsError(name, f"replace {name} by what? give a function or fail_at")
        self._replaced.append(Replacement(self, name, stand_in, numbers, result))
        return self._replaced[-1]

    # What is known of it

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
        """``messages`` with the line of the source where one is known."""
        return [self._annotated(text) for text in self.messages()]

    def _annotated(self, text: str) -> str:
        found = FRAME.search(text)
        module = self.modules.get(found[3]) if found else None
        if not found or not module:
            return text
        returns = not text.startswith("RIP")  # a trace has the instruction after a call
        line = module.line(found[1], int(found[2], 16) - returns)
        return f"{text}  {line}" if line else text

    def close(self) -> None:
        """Give the memory back; the kernel cannot be used any more."""
        self.closed = True
        del self.guest
        self.modules.clear()
        gc.collect()  # a machine is a cycle: its hooks know it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _change(self, step: Callable[[Guest], Result]) -> Result:
        return step(self.guest)

    def _current(self) -> Guest:
        return self.guest


@lru_cache(maxsize=2)
def _btf(data: bytes) -> Btf:
    return Btf(data, subject="the kernel")
