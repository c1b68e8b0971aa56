"""A kernel that lives in a file: whatever can be asked of it, one transaction each."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from pymodutils.elf import compress
from pymodutils.errors import BadState, ModutilsError, Refused
from pymodutils.kernel import handover
from pymodutils.kernel.base import Init, Kernel, Loaded
from pymodutils.kernel.base import State as ModuleState
from pymodutils.kernel.emulated import boot, load, start, unload
from pymodutils.kernel.emulated.caller import COMMAND, Caller
from pymodutils.kernel.emulated.loading import Loading, Wait
from pymodutils.kernel.emulated.notifiers import Notifiers
from pymodutils.kernel.emulated.state import State
from pymodutils.kernel.emulated.store import Store
from pymodutils.kernel.emulated.taints import letters
from pymodutils.kernel.emulated.views import proc, sysfs, tree
from pymodutils.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymodutils.kernel.description import Description
    from pymodutils.kernel.emulated.caller import Clock
    from pymodutils.kernel.emulated.module import Module
    from pymodutils.kernel.emulated.rules import Rules
    from pymodutils.kernel.emulated.views.tree import Folder

T = TypeVar("T")
NO_BASES: Mapping[tuple[str, str], int] = {}


class Line(NamedTuple):
    """A line of the kernel's log."""

    number: int
    stamp: float  # seconds since the epoch
    level: int
    text: str


class EmulatedKernel(Kernel):
    """The kernel in one state file; any number of processes may use it at once.

    ``notifiers`` are called by loads and removals of this process. ``command`` is what the process is called
    in the log; without ``capable`` it lacks CAP_SYS_MODULE. ``bases`` puts areas of modules to given
    addresses, by the names of both.
    """

    def __init__(
        self, store: Store, rules: Rules, clock: Clock = time, *, command: str = COMMAND, capable: bool = True
    ) -> None:
        self.store, self.rules, self.clock = store, rules, clock
        self.command, self.capable = command, capable
        self.notifiers = Notifiers()
        self.bases = NO_BASES
        self.root = Root(kernel=self)

    @classmethod
    def boot(
        cls,
        description: Description,
        path: str = ":memory:",
        *,
        cmdline: str = "",
        clock: Clock = time,
    ) -> Self:
        """A kernel as described, with no module in it, in the file ``path`` (which it replaces).

        Raises BadKernel if the description lacks the architecture, BadState if the file cannot be written.
        """
        store = boot.make(path, description, cmdline, clock)
        return cls(store, boot.read(store), clock)

    @classmethod
    def open(cls, path: str, *, command: str = COMMAND, clock: Clock = time) -> Self:
        """The kernel in the file ``path``; raises BadState if it is absent, damaged or of another version."""
        store = Store.open(path)
        return cls(store, boot.read(store), clock, command=command)

    # The system calls

    def init_module(self, image: bytes, params: bytes = b"") -> None:
        """Load the module in ``image``; raises Refused with the errno of the system call."""
        self.finit_module(image, params)

    def finit_module(self, image: bytes, params: bytes = b"", flags: Init = Init.NONE) -> None:
        """The same with ``flags``; ``image`` is what is in the file."""
        caller = self._caller()

        def insert(state: State) -> Module:
            unload.permit(state, caller)
            loading = Loading(state, image, params, flags, caller)
            load.load_module(loading)
            start.begin(state, loading.module)
            return loading.module

        module = self._operate(insert)
        self._pass(module)
        if module.outcome < 0:
            text = f"could not insert module {module.name}: init() returned {module.outcome}"
            raise Refused(module.name, text, -module.outcome)

    def delete_module(self, name: bytes, flags: int = os.O_NONBLOCK) -> None:
        """Remove the module called ``name``; raises Refused with the errno of the system call."""
        caller = self._caller()
        self._pass(self._operate(lambda state: unload.delete_module(state, name, flags, caller)))

    # What modules do by themselves

    def behave(self, name: str, *, init: int = 0, init_seconds: float = 0, exit_seconds: float = 0) -> None:
        """Let init() of the module called ``name`` return ``init``, and init() and exit() take their time."""
        values = (name, init, init_seconds, exit_seconds)
        query = "INSERT OR REPLACE INTO behaviour VALUES (?, ?, ?, ?)"
        self._operate(lambda state: state.store.insert(query, *values))

    def get(self, name: str) -> None:
        """Use the module called ``name``, as a mount does; raises Refused unless it is live."""

        def take(state: State) -> None:
            module = _known(state, name)
            if module.state is not ModuleState.LIVE:
                raise Refused(name, f"Module {name} is {module.state.value}", 16)
            module.refs += 1
            state.save(module)

        self._operate(take)

    def put(self, name: str) -> None:
        """No longer use it; raises Refused if nobody but other modules does."""

        def drop(state: State) -> None:
            module = _known(state, name)
            if module.refs <= len(state.users_of(module)):
                raise Refused(name, f"Module {name} is not in use but by modules")
            module.refs -= 1
            state.save(module)

        self._operate(drop)

    def trust(self, certificate: bytes) -> None:
        """Accept modules signed with the key of ``certificate``, DER."""
        query = "INSERT OR IGNORE INTO certificate VALUES (?)"
        self._operate(lambda state: state.store.insert(query, certificate))

    # What user space sees

    def read(self, path: str) -> bytes:
        """What the file ``path`` below /proc or /sys holds; raises Refused as the calls would."""
        return self._operate(lambda state: tree.read(_root(state), path))

    def write(self, path: str, data: bytes) -> None:
        """Write ``data`` to the file ``path``; raises Refused as the calls would."""
        self._operate(lambda state: tree.write(_root(state), path, data))

    def listdir(self, path: str) -> list[str]:
        """The names in the folder ``path``, sorted; raises Refused."""
        return self._operate(lambda state: tree.names(_root(state), path))

    def log(self, after: int = 0) -> list[Line]:
        """The lines of the kernel's log behind line number ``after``."""
        query = "SELECT id, stamp, level, text FROM line WHERE id > ? ORDER BY id"
        return self._operate(lambda state: [Line(*row) for row in state.store.execute(query, after)])

    # The protocol of kernel.base

    def insert(self, path: str, params: str, flags: Init = Init.NONE) -> None:
        """Load ``path``, handed over as to the real kernel.

        Raises Refused with the errno of the file or of the kernel, BadModule when it cannot be unpacked.
        """
        handover.insert(self, path, params, flags)

    def finit(self, fd: int, params: bytes, flags: Init) -> int:
        """The errno of finit_module, or 0."""
        try:
            self.finit_module(compress.read_all(fd), params, flags)
        except Refused as refused:
            return refused.errno
        return 0

    def init(self, image: bytes, params: bytes) -> int:
        """The errno of init_module, or 0."""
        try:
            self.init_module(image, params)
        except Refused as refused:
            return refused.errno
        return 0

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name`` without waiting; Refused with EAGAIN if it is in use."""
        self.delete_module(os.fsencode(name), os.O_NONBLOCK | (os.O_TRUNC if force else 0))

    def loaded(self) -> list[Loaded]:
        """Every module, newest first."""
        return self._operate(lambda state: [_loaded(state, module) for module in state.modules()])

    def state(self, name: str) -> ModuleState | None:
        """The state of ``name``, or None if it is not in the kernel."""
        found = self._operate(lambda state: state.find(name))
        return found.state if found else None

    def users(self, name: str) -> int | None:
        """The use count of ``name``, or None where the kernel cannot unload modules or does not have it."""
        found = self._operate(lambda state: state.find(name))
        return found.refs if found and self.rules.on("MODULE_UNLOAD") else None

    def holders(self, name: str) -> tuple[str, ...]:
        """The modules that use ``name``."""

        def users(state: State) -> tuple[str, ...]:
            module = state.find(name)
            return tuple(state.users_of(module)) if module else ()

        return self._operate(users)

    # One operation

    def _caller(self) -> Caller:
        return Caller(
            self.notifiers,
            command=self.command,
            capable=self.capable,
            started=self.clock.time(),
            bases=self.bases,
        )

    def _operate(self, step: Callable[[State], T]) -> T:
        """What ``step`` gives, as one transaction; a refusal keeps what it logged, too."""
        while True:
            try:
                return self._once(step)
            except Wait as wait:
                self._sleep_until(wait.until)

    def _once(self, step: Callable[[State], T]) -> T:
        with self.store.transaction():
            state = State(self.store, self.rules, self.clock.time)
            self._advance(state)
            try:
                result: T | ModutilsError = step(state)
                self._advance(state)
            except BadState:
                raise
            except ModutilsError as error:
                result = error
        if isinstance(result, ModutilsError):
            raise result
        return result

    def _advance(self, state: State) -> None:
        """Let end what should have ended by now: init() and exit() of modules, whoever waits for them."""
        for module in state.ended():
            end = start.end_init if module.state is ModuleState.COMING else start.end_exit
            end(state, module, self.notifiers)

    def _pass(self, module: Module) -> None:
        """Wait until init() or exit() of ``module`` has ended."""
        if module.until is not None and module.until > self.clock.time():
            self._sleep_until(module.until)
            self._operate(lambda _: None)

    def _sleep_until(self, moment: float) -> None:
        self.clock.sleep(max(0.0, moment - self.clock.time()))


def _root(state: State) -> Folder:
    return tree.folder({"proc": proc.tree(state), "sys": sysfs.tree(state)})


def _known(state: State, name: str) -> Module:
    module = state.find(name)
    if module is None:
        raise Refused(name, f"Module {name} is not currently loaded", 2)
    return module


def _loaded(state: State, module: Module) -> Loaded:
    return Loaded(
        module.name,
        module.size(init=False),
        module.refs,
        tuple(state.users_of(module)),
        module.state,
        module.areas[0].base if module.areas else 0,
        letters(module.taints),
    )
