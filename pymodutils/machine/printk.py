"""Messages of a booting kernel: calls of printk(), formatted with their register arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.machine.paging import Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pymodutils.machine.machine import Machine
    from pymodutils.machine.paging import AddressSpace

NAMES: Final = ("_printk", "printk")  # since 5.15, and before
SIZES: Final = {"hh": 8, "h": 16, "": 32}  # bits; of others 64
CONVERSION: Final = re.compile(r"%([-+ #0]*\d*(?:\.\d+)?)(hh|h|ll|l|z|t|L)?(p\w*|[diuxXcs%])")
LEVEL: Final = re.compile("\x01.")  # KERN_SOH and the level
UNKNOWN: Final = "..."


def listen(machine: Machine, exports: dict[str, int], heard: Callable[[str], None]) -> None:
    """Call ``heard`` with each message that the kernel on ``machine`` prints, or part of one."""

    def printed() -> None:
        machine.cpu.read_roots()
        text = message(machine.space, machine.arguments(len(machine.arch.calls.registers)))
        if text.strip(UNKNOWN):
            heard(text)

    for name in NAMES:
        if name in exports:
            machine.cpu.watch(exports[name], printed)


def message(space: AddressSpace, arguments: Sequence[int]) -> str:
    """The message of a call of printk() with these ``arguments``, in one line without its level."""
    values = iter(arguments[1:])
    text = CONVERSION.sub(lambda found: _shown(space, found, values), _string(space, arguments[0]))
    return LEVEL.sub("", text).strip()


def _shown(space: AddressSpace, found: re.Match[str], values: Iterator[int]) -> str:
    how, size, kind = found.groups(default="")
    if kind == "%":
        return kind
    value = next(values, None)
    if value is None or (kind[0] == "p" and kind != "p"):
        return UNKNOWN
    if kind == "s":
        return f"%{how}s" % _string(space, value)
    bits = SIZES.get(size, 64)
    value &= (1 << bits) - 1
    if kind in "di":
        value -= value >> bits - 1 << bits
    return f"%{how}{'x' if kind == 'p' else kind}" % value


def _string(space: AddressSpace, address: int) -> str:
    try:
        return space.string(address).decode("latin-1")
    except Unmapped:
        return UNKNOWN
