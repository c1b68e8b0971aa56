"""An emulated 2.4 kernel: its system calls and files, one transaction each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TypeVar

from pymodutils.errors import BadModule, BadState, ModutilsError, Refused
from pymodutils.kernel.base import PrintkRecord
from pymodutils.kernel.emulated import vfs
from pymodutils.kernel.emulated.state.database import MEMORY, StateFile
from pymodutils.linux24.kernel import (
    boot,
    create_module,
    delete_module,
    init_module,
    procfs,
    query_module,
)
from pymodutils.linux24.kernel.schema import LINUX24
from pymodutils.linux24.kernel.state import StoredKernel
from pymodutils.linux24.struct_module import USED_ONCE, VISITED

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.linux24.kernel.query_module import Answer
    from pymodutils.linux24.kernel.state import ModuleSymbol
    from pymodutils.linux24.machine.model import ObjMachine
    from pymodutils.linux24.struct_module import Abi

T = TypeVar("T")
DEFAULT: boot.BootConfig = boot.BootConfig()


class Linux24:
    """The kernel in a state file; any number of processes may use it concurrently."""

    def __init__(self, store: StateFile, now: Callable[[], float] = time.time) -> None:
        self.store, self.now = store, now

    @classmethod
    def boot(
        cls,
        symbols: list[ModuleSymbol],
        path: str = MEMORY,
        config: boot.BootConfig = DEFAULT,
        *,
        digits: int = 8,
    ) -> Self:
        """Boot a kernel with the exports ``symbols``, without modules, into the file ``path`` (replaced)."""
        return cls(boot.make(path, symbols, digits, config, time.time()))

    @classmethod
    def open(cls, path: str) -> Self:
        """The kernel in the file ``path``; raises BadState if it is missing, damaged or of another kind."""
        return cls(StateFile.open(path, LINUX24))

    # The system calls

    def create_module(self, name: str, size: int) -> int:
        """Allocate memory for a module and return its address."""
        return self._run(lambda state: create_module.create_module(state, name, size))

    def init_module(self, name: str, image: bytes) -> None:
        """Initialize the module with the linked ``image``, which begins with struct module."""
        self._run(lambda state: init_module.init_module(state, name, image))

    def query_module(self, name: str | None, which: int, bufsize: int) -> Answer:
        """Query a module, or with None the kernel."""
        return self._run(lambda state: query_module.query_module(state, name, which, bufsize))

    def delete_module(self, name: str | None) -> None:
        """Remove a module, or with None those that are autoclean and no longer used."""
        self._run(lambda state: delete_module.delete_module(state, name))

    def get_kernel_syms(self) -> tuple[int, bytes]:
        """All symbols, as in 2.0."""
        return self._run(query_module.get_kernel_syms)

    def use(self, name: str, change: int) -> None:
        """Take or drop a reference to the module ``name``: MOD_INC_USE_COUNT and MOD_DEC_USE_COUNT."""

        def count(state: StoredKernel) -> None:
            module = state.find(name)
            if module is None:
                raise Refused(name, f"Module {name} is not loaded", 2)
            if module.header["usecount"] + change < 0:
                raise Refused(name, f"Module {name} is not in use")
            module.header["usecount"] += change
            module.header["flags"] |= VISITED | USED_ONCE if change > 0 else VISITED

        self._run(count)

    # What user space sees

    @property
    def abi(self) -> Abi:
        """The layout of structures."""
        return self._run(lambda state: state.abi)

    @property
    def release(self) -> str:
        """The output of uname -r."""
        return self.read("/proc/sys/kernel/osrelease").decode().rstrip("\n")

    @property
    def version(self) -> str:
        """The output of uname -v."""
        return self.read("/proc/sys/kernel/version").decode().rstrip("\n")

    def settle(self, machine: ObjMachine, path: str) -> None:
        """Fix ``machine`` for the module in ``path``; raises BadModule if the kernel has another one."""

        def agree(state: StoredKernel) -> None:
            if not state.settle(machine):
                raise BadModule(path, f"ELF file {path} not for this architecture")

        self._run(agree)

    def read(self, path: str) -> bytes:
        """The contents of the file ``path`` below /proc; raises Refused."""
        return self._run(lambda state: vfs.read(_root(state), path))

    def write(self, path: str, data: bytes) -> None:
        """Write to the file ``path``; raises Refused."""
        self._run(lambda state: vfs.write(_root(state), path, data))

    def listdir(self, path: str) -> list[str]:
        """The names in the folder ``path``; raises Refused."""
        return self._run(lambda state: vfs.names(_root(state), path))

    def given(self, name: str) -> bytes:
        """The image passed to init_module for the module ``name``; raises Refused if there is none."""

        def find(state: StoredKernel) -> bytes:
            module = state.find(name)
            if module is None or module.given is None:
                raise Refused(name, f"Module {name} is not currently loaded", 2)
            return module.given

        return self._run(find)

    def memory(self, name: str) -> tuple[int, bytes]:
        """The address and current memory of the module ``name``; raises Refused if it is not loaded."""

        def find(state: StoredKernel) -> tuple[int, bytes]:
            module = state.find(name)
            if module is None:
                raise Refused(name, f"Module {name} is not currently loaded", 2)
            return module.base, bytes(module.memory)

        return self._run(find)

    def log(self, after: int = 0) -> list[PrintkRecord]:
        """The log lines after line number ``after``."""
        query = "SELECT id, stamp, level, text FROM line WHERE id > ? ORDER BY id"
        return self._run(lambda state: [PrintkRecord(*row) for row in state.store.execute(query, after)])

    def booted(self) -> float:
        """The time of boot in seconds since the epoch."""
        return self._run(lambda state: float(state.setting(boot.BOOTED) or 0))

    def _run(self, step: Callable[[StoredKernel], T]) -> T:
        """The result of ``step`` as one transaction; a refusal keeps its log messages."""
        with self.store.transaction():
            state = StoredKernel(self.store, self.now)
            result: T | ModutilsError
            try:
                result = step(state)
            except BadState:
                raise
            except ModutilsError as error:
                result = error
            state.save()
        if isinstance(result, ModutilsError):
            raise result
        return result


def _root(state: StoredKernel) -> vfs.Folder:
    return vfs.folder({"proc": procfs.tree(state)})
