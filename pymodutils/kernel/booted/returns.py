"""Return values of watched functions, by a return address of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.booted.host import Host

PLACE: Final = 0xF00  # in the code page of the guest


class Returns:
    """The functions of ``kernel`` that have not returned yet, by the place of their return address."""

    def __init__(self, kernel: Host) -> None:
        self.kernel = kernel
        self.pending: dict[int, tuple[int, list[Callable[[int], None]]]] = {}

    def attach(self) -> None:
        """Watch the processor that the machine has now."""
        guest = self.kernel.guest
        guest.machine.space.write(guest.code + PLACE, guest.calls.ends_block)
        guest.machine.cpu.watch(guest.code + PLACE, self._returned)

    def wait(self, call: Callable[[int], None]) -> None:
        """Call ``call`` with the result of the function now at its start."""
        guest = self.kernel.guest
        cpu = guest.machine.cpu
        stack, back = cpu.sp, cpu.back
        calls = [call]
        if back == guest.code + PLACE:
            back, earlier = self.pending[stack]
            calls = [*earlier, call]
        cpu.back = guest.code + PLACE
        self.pending[stack] = back, calls

    def back(self) -> int:
        """The original return address at the start of a function."""
        cpu = self.kernel.guest.machine.cpu
        return self._known(cpu.sp, cpu.back)

    def address(self, stack: int) -> int:
        """The original return address at ``stack``."""
        return self._known(stack, self.kernel.guest.machine.space.number(stack))

    def _known(self, stack: int, back: int) -> int:
        guest = self.kernel.guest
        return self.pending[stack][0] if back == guest.code + PLACE and stack in self.pending else back

    def _returned(self) -> None:
        cpu = self.kernel.guest.machine.cpu
        back, calls = self.pending.pop(cpu.sp - cpu.pushed)
        for call in calls:
            call(cpu.result[0])
        cpu.return_to(back)
