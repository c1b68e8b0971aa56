"""Numbers and booleans in the memory of a module; kernel/params.c.

A setter takes a text, a getter returns the contents of the file, with the newline.
"""

from __future__ import annotations

from errno import EROFS
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernel.emulated.params.numbers import Invalid, integer, truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.params.memory import ParamMemory
    from pymodutils.kernel.emulated.params.table import Param
    from pymodutils.link.failure import OutOfBounds

    Log = Callable[[int, str], None]

INT: Final = 4  # bytes


class Variable(NamedTuple):
    """Variable ``at`` of a parameter."""

    memory: ParamMemory
    param: Param
    at: int
    log: Log
    truth: Callable[[bytes], bool] = truth  # spelling of a bool

    @property
    def name(self) -> str:
        """The parameter's name in the log."""
        return self.param.name.decode("utf-8", "surrogateescape")

    def fault(self) -> OutOfBounds:
        """The error for an invalid pointer."""
        return self.memory.fault(self.at, 1)


class Number(NamedTuple):
    """A type of integer."""

    size: int  # bytes; 0: the size of a long
    signed: bool = False
    shown: str = "%d"

    def set(self, place: Variable, text: bytes) -> None:
        """Write the number ``text``."""
        size = self.size or place.memory.word
        span = 1 << 8 * size
        low = -span // 2 if self.signed else 0
        place.memory.put(place.at, size, integer(text, low, low + span))

    def get(self, place: Variable) -> bytes:
        """The number in the format of this type."""
        size = self.size or place.memory.word
        number = place.memory.number(place.at, size, signed=self.signed)
        return (self.shown % number).encode() + b"\n"


class Truth(NamedTuple):
    """A type of boolean."""

    size: int = 1  # bytes
    inverted: bool = False

    def set(self, place: Variable, text: bytes) -> None:
        """Write 1 for true."""
        place.memory.put(place.at, self.size, place.truth(text) ^ self.inverted)

    def get(self, place: Variable) -> bytes:
        """Y or N."""
        value = bool(place.memory.number(place.at, self.size))
        return b"Y\n" if value ^ self.inverted else b"N\n"


def enable_only(place: Variable, text: bytes) -> None:
    """Set a bool that cannot be cleared again."""
    new = place.truth(text)
    if place.memory.number(place.at, 1) and not new:
        raise Invalid(EROFS)
    if new:
        place.memory.put(place.at, 1, new)


NUMBERS: Final = {
    "byte": Number(1),
    "short": Number(2, signed=True),
    "ushort": Number(2),
    "int": Number(INT, signed=True),
    "uint": Number(INT),
    "long": Number(0, signed=True),
    "ulong": Number(0),
    "ullong": Number(8),
    "hexint": Number(INT, shown="%#08x"),
}
TRUTHS: Final = {"bool": Truth(), "invbool": Truth(inverted=True), "bint": Truth(INT)}
