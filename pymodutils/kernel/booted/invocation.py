"""A call just made by kernel code: its arguments as Python values, and its result.

The counterpart of ``arguments``; psABI for x86-64, 3.2.3, AAPCS64, 6, RISC-V ELF psABI, 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymodutils.elf.ctype import Array, Function, Pointer, Struct, Void
from pymodutils.kernel.booted import values
from pymodutils.kernel.booted.arguments import CHAR, IN_TWO, LONG, WORD, is_text, word
from pymodutils.kernel.booted.memory import Detached, read, write
from pymodutils.machine.architecture import Overflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.elf.ctype import CType
    from pymodutils.machine.guest import Guest

TEXTS, TEXT_SIZE = 0x1000, 0x1000  # bytes of the guest's data pages, for returned text
_next_text = 0


class Invocation:
    """The call of ``function`` just made on ``guest``; without a prototype everything is ``long``."""

    def __init__(self, guest: Guest, function: Function | None) -> None:
        self.guest, self.machine, self.function = guest, guest.machine, function
        self.returns: CType = function.returns if function else LONG
        self.stack = self.machine.cpu.sp
        self.registers = self.machine.arguments(len(guest.calls.registers))
        self.back = self.machine.cpu.back  # the return address
        self.place = 0  # address of a structure returned in memory
        if isinstance(self.returns, Struct) and self.returns.size > IN_TWO:
            indirect = guest.calls.indirect
            self.place = self.machine.cpu[indirect] if indirect else self.registers.pop(0)

    def arguments(self, count: int) -> list[Any]:
        """The arguments by the prototype, or ``count`` of them as numbers."""
        if self.function is None:
            return [word for word, _ in zip(self._words(), range(count), strict=False)]
        return list(self._decoded(self.function))

    def _decoded(self, function: Function) -> Iterator[Any]:
        registers, stack = list(self.registers), self.stack + self.machine.cpu.pushed
        for parameter in function.parameters:
            size = max(parameter.type.size, 1)
            large = isinstance(parameter.type, Struct) and size > IN_TWO
            if large and self.guest.calls.by_address and registers:
                yield self._value(parameter.type, read(self.machine.space, registers.pop(0), size))
                continue
            words = -(-size // WORD)
            fits = words <= len(registers) and size <= IN_TWO
            taken = words if fits or self.guest.calls.overflow is Overflow.SPLIT else 0
            data = b"".join(word.to_bytes(WORD, "little") for word in registers[:taken])
            del registers[:taken]
            if rest := words * WORD - len(data):
                data += read(self.machine.space, stack, rest)
                stack += rest
            yield self._value(parameter.type, data)

    def _value(self, kind: CType, data: bytes) -> Any:
        if isinstance(kind, Struct):
            return values.plain(values.KernelObject(Detached(data[: kind.size]), kind, 0))
        return values.decode(self.machine.space, kind, int.from_bytes(data[:WORD], "little"))

    def _words(self) -> Iterator[int]:
        yield from self.registers
        stack = self.stack + self.machine.cpu.pushed
        while True:
            yield self.machine.space.number(stack)
            stack += WORD

    def give(self, result: object) -> None:
        """Return ``result`` without running the function; raises BadValue if the type does not match."""
        kind = self.returns
        if isinstance(kind, Void):
            self.machine.cpu.leave(0)
        elif isinstance(kind, Struct):
            self._give_structure(kind, {} if result is None else result)
        elif isinstance(kind, Pointer) and is_text(kind) and isinstance(result, str | bytes):
            self.machine.cpu.leave(self._text(result))
        else:
            self.machine.cpu.leave(word(self.guest.calls, kind, result or 0))

    def _give_structure(self, kind: Struct, result: object) -> None:
        whole = Detached(bytes(kind.size))
        values.store(whole, kind, 0, result)
        if self.place:
            write(self.machine.space, self.place, bytes(whole.data))
            self.machine.cpu.leave(self.place)
            return
        low, high = (int.from_bytes(whole.data[at : at + WORD], "little") for at in (0, WORD))
        self.machine.cpu.result = low, high
        self.machine.cpu.leave(low)

    def _text(self, text: str | bytes) -> int:
        """The address of ``text``, valid for a while."""
        global _next_text  # noqa: PLW0603 -- one after the other: older ones are still in use
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        values.encode(Array(CHAR, TEXT_SIZE - 1), data)
        start = _next_text if _next_text + len(data) < TEXT_SIZE else 0
        _next_text = start + len(data) + 1
        place: int = self.guest.data + TEXTS + start
        self.machine.space.write(place, data + b"\0")
        return place
