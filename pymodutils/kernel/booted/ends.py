"""Exceptions for calls that do not return, and descriptions of missing devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.errors import NotFound, Unanswered
from pymodutils.kernel.booted.words import Status
from pymodutils.machine.results import Oopsed, Waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pymodutils.elf.ctype import CType, Types
    from pymodutils.machine.results import Touch

MACHINE: Final = "on this machine (one processor, no PCI, no ACPI, no user space)"


class Ending(Unanswered):
    """A call of ``subject`` that did not return; ``log`` has the kernel messages meanwhile.

    ``where`` is the place as ``NAME+0xOFFSET/0xSIZE [MODULE]``; "" if unknown.
    """

    def __init__(self, subject: str, words: str, where: str, log: Sequence[str]) -> None:
        self.where, self.log = where, [text(line) for line in log]
        place = f" at {where}" if where else ""
        super().__init__(subject, f"{subject}: {words}{place} {MACHINE}")

    def whole(self) -> Unanswered:
        """The exception with the log in its message."""
        return Unanswered(self.subject, "\n".join([str(self), *self.log]))


class Oops(Ending):
    """The kernel oopsed; the task of the call is dead, the kernel continues."""


class Waiting(Ending):
    """The call still sleeps, in the kernel function ``wait``."""

    wait = ""


def error(subject: str, result: Oopsed | Waits) -> Ending:
    """The exception for ``result``."""
    if isinstance(result, Oopsed):
        return Oops(subject, f"the kernel oopsed: {result.why}", result.where, result.log)
    wait = f" in {result.wait}()" if result.wait else ""
    found = Waiting(subject, f"still waiting{wait} after {result.seconds} s", result.where, result.log)
    found.wait = result.wait
    return found


def text(line: str) -> str:
    """A log line without level and timestamp."""
    return line.partition("] ")[2]


def touched(touches: Iterable[Touch], symbol: Callable[[int], str]) -> list[str]:
    """A message for each missing device and the function that accessed it, named by ``symbol``."""

    def name(address: int) -> str:
        found = symbol(address).partition("/")[0]
        return "code of an init function" if found.startswith("0x") else found  # freed after the call

    words = (
        f"{name(it.by)} used {'I/O port' if it.port else 'device memory at'} "
        f"{it.address:#x}, which this machine does not have"
        for it in touches
    )
    return list(dict.fromkeys(words))


def named(types: Iterable[Types], name: str) -> CType:
    """The type ``name`` in the first of ``types`` that has it, preferably complete; raises NotFound."""
    found = [it for each in types if (it := each.named(name))]
    whole = next((it for it in found if it.size), found[0] if found else None)
    if whole is None:
        raise NotFound(name, f"no type '{name}' is known: write 'struct NAME', 'union NAME' or a typedef")
    return whole


def is_status(value: object) -> bool:
    """Whether a call's result is a negative errno."""
    return isinstance(value, Status)
