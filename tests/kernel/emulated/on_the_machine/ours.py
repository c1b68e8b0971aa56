"""The emulated kernel to which each module is the first one."""

from __future__ import annotations

from pymodutils.errors import Refused
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.link.failure import OutOfBounds
from tests.kernel.emulated.on_the_machine.outcome import WARNING, Outcome


class Ours:
    """The kernel of ``description`` with the modules ``needed``."""

    def __init__(self, description: Description, cmdline: str, needed: list[bytes]) -> None:
        self.kernel = EmulatedKernel.boot(description, cmdline=cmdline)
        for data in needed:
            self.kernel.init_module(data)

    def insert(self, data: bytes) -> Outcome | None:
        """The outcome of ``data``; None if a real kernel would access foreign memory."""
        before = self.kernel.log()[-1].number
        code = 0
        with self.kernel.trial():
            try:
                self.kernel.init_module(data)
            except OutOfBounds:
                return None
            except Refused as refused:
                code = refused.errno
            lines = [line.text for line in self.kernel.log(before) if line.level <= WARNING]
        return Outcome(code, lines)
