"""An emulated kernel in a file: system calls and queries, one transaction each."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Self

from pymodutils.errors import BadModule, Refused
from pymodutils.kernel.base import Init, Kernel, Loaded, State
from pymodutils.kernel.emulated import boot
from pymodutils.kernel.emulated.caller import COMMAND, Caller
from pymodutils.kernel.emulated.controls import Controlled
from pymodutils.kernel.emulated.load import delete_module, do_init_module, finit_module
from pymodutils.kernel.emulated.load.load_info import LoadInfo
from pymodutils.kernel.emulated.load.notifiers import Notifiers
from pymodutils.kernel.emulated.observe import Observed
from pymodutils.kernel.emulated.state.database import MEMORY, StateFile
from pymodutils.kernel.emulated.state.taints import letters
from pymodutils.kernel.emulated.state.transaction import Operator
from pymodutils.kernel.handover import Handover
from pymodutils.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pymodutils.kernel.description import Description
    from pymodutils.kernel.emulated.caller import WallClock
    from pymodutils.kernel.emulated.load.causes import Cause
    from pymodutils.kernel.emulated.load.finit_module import Read
    from pymodutils.kernel.emulated.rules import Rules
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule
    from pymodutils.mapped import Contents

ADVICE = "see 'kernel behave', and --run of 'kernel boot' and 'check', which runs it"
NO_BASES: Mapping[tuple[str, str], int] = {}


class EmulatedKernel(Observed, Controlled, Handover, Kernel):
    """The kernel in a state file; any number of processes may use it concurrently.

    ``notifiers`` are called by loads and removals of this process. ``command`` is the name of the process
    in the log; without ``capable`` it lacks CAP_SYS_MODULE. ``bases`` sets addresses of areas, by the
    names of module and area.
    """

    def __init__(
        self,
        store: StateFile,
        rules: Rules,
        clock: WallClock = time,
        *,
        command: str = COMMAND,
        capable: bool = True,
    ) -> None:
        self.store, self.rules, self.clock = store, rules, clock
        self.command, self.capable = command, capable
        self.notifiers = Notifiers()
        self._operator = Operator(store, rules, clock, self.notifiers)
        self.bases = NO_BASES
        self.keeps_memory = True  # or nothing of large areas, where nobody looks at them afterwards
        self.causes: Sequence[Cause] = ()  # causes against the last module, accepted or not
        self.assumed = False  # whether the result of init() of the last module was assumed
        self.root = Root(kernel=self)

    @classmethod
    def boot(
        cls,
        description: Description,
        path: str = MEMORY,
        *,
        cmdline: str = "",
        clock: WallClock = time,
    ) -> Self:
        """Boot a kernel as described, without modules, into the file ``path``, which is replaced.

        Raises BadKernel if the description lacks the architecture, BadState if the file cannot be written.
        """
        store = boot.make(path, description, cmdline, clock)
        return cls(store, boot.read(store), clock)

    @classmethod
    def open(cls, path: str, *, command: str = COMMAND, clock: WallClock = time) -> Self:
        """The kernel in the file ``path``; raises BadState if missing, damaged or of another version."""
        store = StateFile.open(path)
        return cls(store, boot.read(store), clock, command=command)

    # The system calls

    def init_module(self, image: Contents, params: bytes = b"") -> None:
        """Load the module in ``image``; raises Refused with the kernel's reason."""
        self._load(partial(finit_module.memory, image), params, Init.NONE)

    def finit_module(self, fd: int, params: bytes = b"", flags: Init = Init.NONE) -> None:
        """Load the module in an open file with ``flags``; refuses anything but a regular file."""
        self._load(partial(finit_module.descriptor, fd, flags), params, flags)

    def load_file(self, content: Contents, params: bytes = b"", flags: Init = Init.NONE) -> None:
        """finit_module of a file with ``content``."""
        self._load(partial(finit_module.file, content, flags), params, flags)

    def _load(self, read: Read, params: bytes, flags: Init, *, keeps_going: bool = False) -> None:
        from pymodutils.kernel.emulated.load import load_module  # noqa: PLC0415 -- few commands load any

        caller = self._caller()
        caller.keeps_going = keeps_going
        self.causes = caller.causes
        while True:
            with self._operator.attempt() as state:
                caller.causes.clear()  # of an attempt that had to wait
                delete_module.permit(state, caller)
                load = LoadInfo(state, read(state, caller), params, flags, caller)
                load_module.load_module(load)
                do_init_module.begin(state, load.module, self._run(load))
                self.assumed = load.module.assumed
                break
        self._operator.finish(load.module)
        if load.module.outcome < 0:
            text = f"init() of module {load.module.name} returned {load.module.outcome}"
            raise Refused(load.module.name, text, -load.module.outcome)

    def _run(self, load: LoadInfo) -> Callable[[], int] | None:
        """The function that runs init() of the module, if the kernel was booted with one."""
        image = load.state.image
        if not image:
            return None
        from pymodutils.kernel.booted.outcome import of_content  # noqa: PLC0415 -- takes unicorn

        return partial(of_content, load.data, load.params, image, self.rules.release)

    def delete_module(self, name: bytes, flags: int = os.O_NONBLOCK) -> None:
        """Remove the module named ``name``; raises Refused with the errno of the system call."""
        caller = self._caller()
        self._operator.finish(
            self._operator.run(lambda state: delete_module.delete_module(state, name, flags, caller))
        )

    def causes_against(self, image: Contents, params: bytes = b"") -> Sequence[Cause]:
        """Every cause that init_module could report, in order, as far as the load can continue.

        The module stays loaded if all vital steps passed.
        """
        try:
            self._load(partial(finit_module.memory, image), params, Init.NONE, keeps_going=True)
        except (BadModule, Refused):
            pass  # the load could not continue
        return self.causes

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Undo all changes to the kernel at the end of the block."""
        with self.store.undone():
            yield

    def _caller(self) -> Caller:
        return Caller(
            self.notifiers,
            command=self.command,
            capable=self.capable,
            started=self.clock.time(),
            bases=self.bases,
            keeps_memory=self.keeps_memory,
        )

    # The protocol of kernel.base

    def remark(self, path: str) -> str:
        """The remark that the result of init() is assumed, if it was not set."""
        return f"init() of {path} is assumed to return 0: {ADVICE}" if self.assumed else ""

    def delete(self, name: str, *, force: bool = False) -> None:
        """Remove ``name`` without waiting; Refused with EAGAIN if it is in use."""
        self.delete_module(os.fsencode(name), os.O_NONBLOCK | (os.O_TRUNC if force else 0))

    def loaded(self) -> list[Loaded]:
        """Every module, newest first."""
        return self._operator.run(lambda state: [_loaded(state, module) for module in state.modules()])

    def state(self, name: str) -> State | None:
        """The state of ``name``, or None if it is not in the kernel."""
        found = self._operator.run(lambda state: state.find(name))
        return found.state if found else None

    def users(self, name: str) -> int | None:
        """The reference count of ``name``, or None without module unloading or if it is not loaded."""
        found = self._operator.run(lambda state: state.find(name))
        return found.refs if found and self.rules.on("MODULE_UNLOAD") else None

    def holders(self, name: str) -> tuple[str, ...]:
        """The modules that use ``name``."""

        def users(state: KernelState) -> tuple[str, ...]:
            module = state.find(name)
            return tuple(state.users_of(module)) if module else ()

        return self._operator.run(users)


def _loaded(state: KernelState, module: KernelModule) -> Loaded:
    return Loaded(
        module.name,
        module.size(init=False),
        module.refs,
        tuple(state.users_of(module)),
        module.state,
        module.areas[0].base if module.areas else 0,
        letters(module.taints),
        module.assumed,
    )
