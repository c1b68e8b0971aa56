"""Convert Python arguments for a C function, and its result.

psABI for x86-64, 3.2.3; AAPCS64, 6; RISC-V ELF psABI, 2. Pointer targets are copied into kernel memory for
the call: str with a NUL, bytes, a list as an array, a dict as a structure. A list, dict or bytearray is
updated from this memory afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils.elf.ctype import Array, CType, Enum, Function, Integer, Pointer, Struct, Void
from pymodutils.kernel.booted import values
from pymodutils.kernel.booted.memory import BadValue, Detached, read
from pymodutils.kernel.booted.values import Address, KernelObject
from pymodutils.kernel.booted.words import status
from pymodutils.machine.architecture import Overflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.machine.architecture import KernelCalls
    from pymodutils.machine.guest import Guest
    from pymodutils.machine.results import Result, Returned

WORD: Final = 8
HALF, SIGN = 4, 31  # bytes of an int, and its highest bit
IN_TWO: Final = 2 * WORD  # bytes of the largest structure passed and returned in registers
LONG: Final = Integer("long", 8, signed=True)
CHAR: Final = Integer("char", 1, signed=True, character=True)
BYTE: Final = Integer("unsigned char", 1, signed=False)


def word(calls: KernelCalls, kind: CType, value: object) -> int:
    """``value`` of the type ``kind`` as it is in a register; raises BadValue."""
    number = values.encode_number(kind, value, 8 * kind.size)
    if calls.unsigned_extended and kind.size == HALF and number >> SIGN:
        number -= 1 << SIGN + 1
    return number


class Lent(NamedTuple):
    """Memory of an argument during the call."""

    address: int
    type: CType
    value: object


class Call:
    """One call of ``function``, whose prototype is given, on ``guest``."""

    def __init__(self, guest: Guest, function: Function) -> None:
        self.guest, self.function, self.space = guest, function, guest.machine.space
        self.lent: list[Lent] = []
        self.registers: list[int] = []
        self.stack: list[int] = []
        self.result = 0  # memory for a large returned structure

    def run(self, address: int, arguments: Sequence[object]) -> Result:
        """Call the function at ``address`` and return how it ended; raises BadValue for invalid arguments."""
        self._check(len(arguments))
        returns = self.function.returns
        if isinstance(returns, Struct) and returns.size > IN_TWO:
            self.result = self._lend(returns, {}, returns.size)
            self.registers += [] if self.guest.calls.indirect else [self.result]
        kinds = [it.type for it in self.function.parameters]
        for at, value in enumerate(arguments):
            self._pass(kinds[at] if at < len(kinds) else _variadic(value), value)
        wide = isinstance(returns, Struct) and WORD < returns.size <= IN_TWO
        return self.guest.run(
            address, *self.registers, *self._padding(), stack=self.stack, wide=wide, place=self.result
        )

    def returned(self, result: Returned) -> Any:
        """The Python result; updates out-parameters and frees the memory."""
        for it in self.lent:
            self._fetch(it)
        returns = self.function.returns
        if isinstance(returns, Struct):
            size = returns.size
            data = read(self.space, self.result, size) if self.result else result.value.to_bytes(16, "little")
            found: Any = _detached(returns, data[:size])
        elif isinstance(returns, Pointer) and is_text(returns):
            pointer = values.decode(self.space, returns, result.value)
            found = pointer.string() if isinstance(pointer, Address) and pointer else pointer or None
        else:
            found = values.decode(self.space, returns, result.value)
        for it in self.lent:
            self.guest.free(it.address)
        signed = isinstance(returns, Integer) and returns.signed and returns.size > 1
        return status(found) if signed else found

    def _check(self, given: int) -> None:
        needed = len(self.function.parameters)
        if given < needed or (given > needed and not self.function.variadic):
            raise BadValue(self.function.name, f"{given} arguments where {needed} are taken: {self.function}")

    def _padding(self) -> list[int]:
        return [0] * (len(self.guest.calls.registers) - len(self.registers)) if self.stack else []

    def _pass(self, kind: CType, value: object) -> None:
        """Put an argument into registers, or on the stack if none are left."""
        if isinstance(kind, Pointer):
            words = [self._pointer(kind, value)]
        elif isinstance(kind, Struct) and kind.size > IN_TWO and self.guest.calls.by_address:
            words = [self._lend(kind, value, kind.size)]
        elif isinstance(kind, Struct):
            words = self._words(kind, value)
        else:
            words = [word(self.guest.calls, kind, value)]
        room = len(self.guest.calls.registers) - len(self.registers)
        if len(words) * WORD <= IN_TWO and len(words) <= room:
            self.registers += words
            return
        taken = room if self.guest.calls.overflow is Overflow.SPLIT else 0
        self.registers += words[:taken]
        self.stack += words[taken:]
        if self.guest.calls.overflow is Overflow.NOTHING:
            self.registers += [0] * room

    def _words(self, kind: Struct, value: object) -> list[int]:
        """A structure passed by value."""
        if isinstance(value, dict):
            place = self._lend(kind, value, kind.size)
            data = read(self.space, place, kind.size)
        else:
            data = values.encode(kind, value)
        return [int.from_bytes(data[at : at + WORD], "little") for at in range(0, len(data), WORD)]

    def _pointer(self, kind: Pointer, value: object) -> int:
        if isinstance(value, str) and not isinstance(kind.to, Enum):
            data = value.encode("utf-8", "surrogateescape") + b"\0"
            return self._lend(Array(CHAR, len(data)), data, len(data))
        if isinstance(value, bytes | bytearray):
            return self._lend(Array(BYTE, len(value)), value, len(value))
        if isinstance(value, list | tuple):
            element = BYTE if isinstance(kind.to, Void) else kind.to
            if any(isinstance(it, str) for it in value) and isinstance(element, Pointer):
                value = [self._pointer(element, it) for it in value]
            return self._lend(Array(element, len(value)), value, element.size * len(value))
        if isinstance(value, dict):
            return self._lend(kind.to, value, kind.to.size)
        return values.encode_number(kind, value, 8 * WORD)

    def _lend(self, kind: CType, value: object, size: int) -> int:
        place = self.guest.allocate(bytes(max(size, 1)))
        self.lent.append(Lent(place, kind, value))
        values.store(self.space, kind, place, value)
        return place

    def _fetch(self, it: Lent) -> None:
        """Update a mutable argument from its memory."""
        found = values.load(self.space, it.type, it.address)
        if isinstance(it.value, list):
            it.value[:] = values.plain(found) if isinstance(found, KernelObject) else list(found)
        elif isinstance(it.value, dict) and isinstance(found, KernelObject):
            it.value.update({name: values.plain(getattr(found, name)) for name in it.value})
        elif isinstance(it.value, bytearray):
            it.value[:] = found


def _variadic(value: object) -> CType:
    """The type of a variadic argument."""
    return LONG if isinstance(value, int) else Pointer(lambda: CHAR)


def is_text(kind: Pointer) -> bool:
    """Whether it is a ``char *``."""
    return isinstance(kind.to, Integer) and kind.to.character


def _detached(kind: Struct, data: bytes) -> Any:
    """A structure returned by value, as a plain dict."""
    return values.plain(KernelObject(Detached(data), kind, 0))
