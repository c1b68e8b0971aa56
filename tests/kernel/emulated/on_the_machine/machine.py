"""A real kernel in this process to which each module is the first one."""

from __future__ import annotations

from typing import Final

from pymodutils.kernel.booted import base
from pymodutils.machine import checkpoint, saved
from pymodutils.machine.boot import MEMORY
from pymodutils.machine.guest import IMAGE, Guest
from pymodutils.machine.paging import Unmapped
from pymodutils.machine.results import MachineEnded, Result, Returned
from tests.kernel.emulated.on_the_machine.outcome import NO_RETURN, WARNING, Outcome

MARK: Final = b"all was said"
SECONDS: Final = 3  # of CPU time for code that does not end


class Machine:
    """The kernel of ``image`` with the modules ``needed``."""

    def __init__(self, image: str, cmdline: str, needed: list[bytes]) -> None:
        self.base = base.booted(image, cmdline, MEMORY)[0]
        self.guest = self._take()
        for data in needed:
            assert self._load(data) == Returned(0)
        self.mark = self.guest.allocate(MARK + b"\n\0")
        self.start = checkpoint.take(self.guest)

    def insert(self, data: bytes) -> Outcome:
        """The outcome of ``data``; the machine is restored afterwards."""
        _, mark = self.guest.log_end()
        try:
            result = self._load(data)
            self.guest.call("_printk", self.mark)  # ends a line that has no end yet
            lines = [line for line in self.guest.log(mark)[0] if MARK.decode() not in line]
        except (MachineEnded, Unmapped):  # the latter: its stack is gone
            return Outcome(NO_RETURN, [])
        finally:
            self.restore()
        code = -result.int32 if isinstance(result, Returned) else NO_RETURN
        return Outcome(code, [text for level, text in map(_parts, lines) if level <= WARNING])

    def restore(self) -> None:
        """Restore the state in which only the needed modules are loaded."""
        if self.guest.machine.spoiled:
            self.guest = self._take()
        checkpoint.restore(self.guest, self.start)

    def _take(self) -> Guest:
        guest: Guest = saved.take(self.base)
        guest.machine.limit(SECONDS)
        return guest

    def _load(self, data: bytes) -> Result:
        area = self.guest.call("vmalloc", max(len(data), 1))
        self.guest.machine.space.write(area, data)
        self.guest.map(IMAGE, area, len(data))
        return self.guest.system_call("init_module", IMAGE, len(data), b"")


def _parts(line: str) -> tuple[int, str]:
    """Level and text, decoded like ours."""
    prefix, _, text = line.partition("] ")
    return int(prefix.partition(">")[0][1:]) & 7, text.encode("latin-1").decode("utf-8", "surrogateescape")
