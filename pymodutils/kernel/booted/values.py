"""Values in kernel memory as Python values, by C type.

Numbers are int and bool, a negative error is a ``Status``, an array of char is str and one of unsigned char
bytes; structures and other arrays are a ``KernelObject``, which accesses the memory on demand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from pymodutils.elf.ctype import Array, CType, Enum, Function, Integer, Member, Pointer, Struct, Void
from pymodutils.kernel.booted.memory import BadValue, read, write
from pymodutils.kernel.booted.words import Constant, status
from pymodutils.machine.paging import Unmapped
from pymodutils.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.booted.memory import Memory


LARGEST_ERRNO: Final = 4095  # MAX_ERRNO in include/linux/err.h


class Address(int):
    """A kernel pointer: ``p[1]``, ``p.member`` and ``p.string()`` access its target."""

    type: Pointer
    space: Memory

    def __new__(cls, value: int, kind: Pointer, space: Memory) -> Self:
        """A pointer with the address ``value`` to a ``kind.to`` in ``space``."""
        made = super().__new__(cls, value)
        made.type, made.space = kind, space
        return made

    def __getitem__(self, index: int) -> Any:
        return load(self.space, self.type.to, self + index * max(self.type.to.size, 1))

    def __setitem__(self, index: int, value: object) -> None:
        store(self.space, self.type.to, self + index * max(self.type.to.size, 1), value)

    def __getattr__(self, name: str) -> Any:
        if isinstance(self.type.to, Struct):
            return getattr(KernelObject(self.space, self.type.to, self), name)
        raise AttributeError(f"{self.type} has no members")

    def __setattr__(self, name: str, value: object) -> None:
        if name in Address.__annotations__:
            super().__setattr__(name, value)
        elif isinstance(self.type.to, Struct):
            setattr(KernelObject(self.space, self.type.to, self), name, value)
        else:
            raise AttributeError(f"{self.type} has no members")

    def string(self) -> str:
        """The text at the address, up to a NUL."""
        try:
            return self.space.string(self).decode("utf-8", "surrogateescape")
        except Unmapped as error:
            raise BadValue(hex(self), f"no memory at {error.address:#x} in the kernel") from None

    def bytes(self, size: int) -> bytes:
        """``size`` bytes at the address."""
        return read(self.space, self, size)

    def __repr__(self) -> str:
        return f"({self.type}){int(self):#x}"


class KernelObject:
    """A structure, union or array at a kernel address."""

    __slots__ = ("_address", "_space", "_type")
    _address: int
    _space: Memory
    _type: Struct | Array

    def __init__(self, space: Memory, kind: Struct | Array, address: int) -> None:
        for name, value in (("_space", space), ("_type", kind), ("_address", address)):
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        member = self._member(name)
        return load(self._space, member.type, self._address + member.offset, member)

    def __setattr__(self, name: str, value: object) -> None:
        member = self._member(name)
        store(self._space, member.type, self._address + member.offset, value, member)

    def _member(self, name: str) -> Member:
        fields = self._type.fields if isinstance(self._type, Struct) else {}
        if name not in fields:
            raise AttributeError(f"{self._type} has no member {name}{suggestion(name, fields)}")
        return fields[name]

    def __getitem__(self, index: int) -> Any:
        return load(self._space, *self._element(index))

    def __setitem__(self, index: int, value: object) -> None:
        store(self._space, *self._element(index), value)

    def _element(self, index: int) -> tuple[CType, int]:
        if not isinstance(self._type, Array):
            raise TypeError(f"{self._type} is no array")
        count = self._type.length
        place = index + count if index < 0 else index
        if place < 0 or (count and place >= count):
            raise IndexError(f"{self._type} has no element {index}")
        return self._type.element, self._address + place * self._type.element.size

    def __len__(self) -> int:
        return self._type.length if isinstance(self._type, Array) else len(self._type.fields)

    def __iter__(self) -> Iterator[Any]:
        return (self[at] for at in range(len(self)))

    def __int__(self) -> int:
        return self._address

    __index__ = __int__

    def __bytes__(self) -> bytes:
        return read(self._space, self._address, self._type.size)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, KernelObject):
            other = plain(other)
        return bool(plain(self) == other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"({self._type}){plain(self)!r}"


def plain(value: Any) -> Any:
    """``value`` detached from kernel memory: an object as a dict or list; pointers stay addresses."""
    if not isinstance(value, KernelObject):
        return value
    kind = value._type  # noqa: SLF001 -- of this file
    if isinstance(kind, Array):
        return [plain(it) for it in value]
    return {name: plain(getattr(value, name)) for name in kind.fields}


def load(space: Memory, kind: CType, address: int, member: Member | None = None) -> Any:
    """The value of type ``kind`` at ``address``, or of the bit-field ``member``."""
    if isinstance(kind, Struct):
        return KernelObject(space, kind, address)
    if isinstance(kind, Array):
        return _array(space, kind, address)
    if member and member.width:
        raw = int.from_bytes(read(space, address, (member.shift + member.width + 7) // 8), "little")
        number = raw >> member.shift & (1 << member.width) - 1
        signed = isinstance(kind, Integer) and kind.signed
        return number - (number >> member.width - 1 << member.width) if signed else number
    return decode(space, kind, int.from_bytes(read(space, address, kind.size), "little"))


def _array(space: Memory, kind: Array, address: int) -> Any:
    element = kind.element
    if isinstance(element, Integer) and element.size == 1 and kind.length and not element.boolean:
        data = read(space, address, kind.length)
        return data.partition(b"\0")[0].decode("utf-8", "surrogateescape") if element.character else data
    return KernelObject(space, kind, address)


def decode(space: Memory, kind: CType, word: int) -> Any:
    """The value of type ``kind`` in the lowest bits of ``word``."""
    word &= (1 << 8 * kind.size) - 1
    if isinstance(kind, Pointer):
        if word >= (1 << 64) - LARGEST_ERRNO:
            return status(word - (1 << 64))
        return Address(word, kind, space)
    if isinstance(kind, Integer | Enum):
        if isinstance(kind, Integer) and kind.boolean:
            return bool(word)
        number = word - (word >> 8 * kind.size - 1 << 8 * kind.size) if kind.signed else word
        name = (
            next((it for it, value in kind.values.items() if value == number), "")
            if isinstance(kind, Enum)
            else ""
        )
        return Constant(number, name) if name else number
    return None if isinstance(kind, Void) else word


def store(space: Memory, kind: CType, address: int, value: object, member: Member | None = None) -> None:
    """Write ``value`` at ``address``; raises BadValue if it does not fit ``kind``."""
    if member and member.width:
        size = (member.shift + member.width + 7) // 8
        mask = (1 << member.width) - 1
        number = encode_number(kind, value, member.width)
        old = int.from_bytes(read(space, address, size), "little")
        new = old & ~(mask << member.shift) | (number & mask) << member.shift
        write(space, address, new.to_bytes(size, "little"))
    elif isinstance(kind, Struct) and isinstance(value, dict):
        for name, part in value.items():
            setattr(KernelObject(space, kind, address), name, part)
    elif isinstance(kind, Array) and isinstance(value, list | tuple):
        for at, part in enumerate(value):
            KernelObject(space, kind, address)[at] = part
    else:
        write(space, address, encode(kind, value))


def encode(kind: CType, value: object) -> bytes:
    """The bytes of ``value`` as a ``kind``; raises BadValue if it does not fit."""
    if isinstance(value, KernelObject) and isinstance(kind, Struct | Array):
        data = bytes(value)
        if len(data) == kind.size:
            return data
    if isinstance(kind, Array) and isinstance(value, str | bytes | bytearray):
        data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
        if len(data) <= kind.length:
            return data.ljust(kind.length, b"\0")
        raise BadValue(str(kind), f"{len(data)} bytes do not fit into {kind}")
    if isinstance(kind, Struct | Array | Void | Function):
        raise BadValue(str(kind), f"{value!r} is no value of {kind}")
    number = encode_number(kind, value, 8 * kind.size)
    return (number & (1 << 8 * kind.size) - 1).to_bytes(kind.size, "little")


def encode_number(kind: CType, value: object, bits: int) -> int:
    """``value`` as a number of ``bits`` bits; raises BadValue."""
    if isinstance(kind, Enum) and isinstance(value, str):
        if value not in kind.values:
            raise BadValue(value, f"{kind} has no {value}{suggestion(value, kind.values)}")
        return kind.values[value]
    if value is None and isinstance(kind, Pointer):
        return 0
    if not isinstance(value, int | KernelObject):
        raise BadValue(str(kind), f"{value!r} is no value of {kind}")
    number = int(value)
    signed = isinstance(kind, Integer | Enum) and kind.signed
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if isinstance(kind, Pointer | Enum):
        low = -(1 << bits - 1)
    if not low <= number <= high:
        raise BadValue(str(kind), f"{number} does not fit into {kind}: {low} to {high}")
    return number
