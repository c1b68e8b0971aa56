"""What a function that is watched returns: it comes back to a place of ours first, then to its caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.booted.host import Host

PLACE: Final = 0xF00  # in the code page of the guest
UD2: Final = b"\x0f\x0b"  # it never runs, but ends the block that is translated
WORD: Final = 8


class Returns:
    """The functions of ``kernel`` that have not returned yet, by where their return address lies."""

    def __init__(self, kernel: Host) -> None:
        self.kernel = kernel
        self.pending: dict[int, tuple[int, list[Callable[[int], None]]]] = {}

    def attach(self) -> None:
        """Watch the processor that the machine has now."""
        guest = self.kernel.guest
        guest.machine.space.write(guest.code + PLACE, UD2)
        guest.machine.cpu.watch(guest.code + PLACE, self._returned)

    def wait(self, call: Callable[[int], None]) -> None:
        """Call ``call`` with what the function that begins returns, RAX."""
        guest = self.kernel.guest
        stack = guest.machine.cpu["RSP"]
        back = guest.machine.space.number(stack)
        calls = [call]
        if back == guest.code + PLACE:
            back, earlier = self.pending[stack]
            calls = [*earlier, call]
        guest.machine.space.write(stack, (guest.code + PLACE).to_bytes(WORD, "little"))
        self.pending[stack] = back, calls

    def address(self, stack: int) -> int:
        """The return address at ``stack``, as it was."""
        guest = self.kernel.guest
        back = guest.machine.space.number(stack)
        return self.pending[stack][0] if back == guest.code + PLACE and stack in self.pending else back

    def _returned(self) -> None:
        cpu, space = self.kernel.guest.machine.cpu, self.kernel.guest.machine.space
        stack = cpu["RSP"] - WORD
        back, calls = self.pending.pop(stack)
        for call in calls:
            call(cpu["RAX"])
        space.write(stack, back.to_bytes(WORD, "little"))
        cpu["RSP"] = stack
        cpu.leave(cpu["RAX"])
