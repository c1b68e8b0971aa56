"""Settings of an emulated kernel outside its system calls: results of init(), references, trusted keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.load import module_finalize

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule
    from pymodutils.kernel.emulated.state.transaction import Operator


class Controlled:
    """The part of a kernel that is set from outside."""

    _operator: Operator

    def behave(self, name: str, *, init: int = 0, init_seconds: float = 0, exit_seconds: float = 0) -> None:
        """Set the result of init() and the durations of init() and exit() of the module ``name``."""
        values = (name, init, init_seconds, exit_seconds)
        query = "INSERT OR REPLACE INTO behaviour VALUES (?, ?, ?, ?)"
        self._operator.run(lambda state: state.store.insert(query, *values))

    def run(self, image: str) -> None:
        """Let the kernel in the file ``image`` run init() of modules without ``behave``."""
        self._operator.run(lambda state: state.run(image))

    def get(self, name: str) -> None:
        """Take a reference to the module ``name``, like a mount; raises Refused unless it is live."""

        def take(state: KernelState) -> None:
            module = _known(state, name)
            if module.state is not State.LIVE:
                raise Refused(name, f"Module {name} is {module.state.value}", 16)
            module.refs += 1
            state.save(module)

        self._operator.run(take)

    def put(self, name: str) -> None:
        """Drop a reference; raises Refused if there are none besides those of modules."""

        def drop(state: KernelState) -> None:
            module = _known(state, name)
            if module.refs <= len(state.users_of(module)):
                raise Refused(name, f"Module {name} is not in use but by modules")
            module.refs -= 1
            state.save(module)

        self._operator.run(drop)

    def patch(self) -> None:
        """Patch modules loaded from now on after linking, as the kernel does: ``link.patch``."""
        self._operator.run(lambda state: state.set(module_finalize.WANTED, 1))

    def trust(self, certificate: bytes) -> None:
        """Trust modules signed with the key of ``certificate``, DER."""
        query = "INSERT OR IGNORE INTO certificate VALUES (?)"
        self._operator.run(lambda state: state.store.insert(query, certificate))

    def trust_file(self, path: str) -> None:
        """Trust the certificates in the file ``path``, PEM or DER; raises ModutilsError."""
        from pymodutils.signature.pem import certificates  # noqa: PLC0415 -- few need it

        for der in certificates(compress.read(path), path):
            self.trust(der)


def _known(state: KernelState, name: str) -> KernelModule:
    module = state.find(name)
    if module is None:
        raise Refused(name, f"Module {name} is not currently loaded", 2)
    return module
