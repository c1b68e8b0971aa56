"""C types from debug information; sizes in bytes, for a 64-bit little-endian machine."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

POINTER: Final = 8


class Void(NamedTuple):
    """No value."""

    size: int = 0

    def __str__(self) -> str:
        return "void"


class Integer(NamedTuple):
    """An integer; ``character`` for ``char`` itself, whose arrays are text."""

    name: str
    size: int
    signed: bool
    character: bool = False
    boolean: bool = False

    def __str__(self) -> str:
        return self.name


class Enum(NamedTuple):
    """An enumeration."""

    name: str
    size: int
    signed: bool
    values: dict[str, int]

    def __str__(self) -> str:
        return f"enum {self.name}".strip()


class Pointer:
    """A pointer; ``to`` is resolved on demand because structures can point to themselves."""

    size: Final = POINTER

    def __init__(self, to: Callable[[], CType]) -> None:
        self._to = to

    @cached_property
    def to(self) -> CType:
        """The type that it points to."""
        return self._to()

    def __str__(self) -> str:
        return f"{self.to} *"


class Array(NamedTuple):
    """An array of ``length`` elements; 0 for a flexible one."""

    element: CType
    length: int

    @property
    def size(self) -> int:
        """The size of all elements."""
        return self.element.size * self.length

    def __str__(self) -> str:
        return f"{self.element} [{self.length or ''}]"


class Member(NamedTuple):
    """A member at ``offset`` of its structure; an anonymous one is named ""."""

    name: str
    type: CType
    offset: int
    shift: int = 0  # bit offset of a bit-field, from the lowest bit at ``offset``
    width: int = 0  # width of a bit-field in bits, else 0


class Struct:
    """A structure or, with ``kind`` "union", a union; a declaration has no size."""

    def __init__(self, kind: str, name: str, size: int, load: Callable[[], list[Member]]) -> None:
        self.kind, self.name, self.size, self._load = kind, name, size, load

    @cached_property
    def members(self) -> list[Member]:
        """The members in order, without those of anonymous members."""
        return self._load()

    @cached_property
    def fields(self) -> dict[str, Member]:
        """Every accessible member by name, with its offset in this structure."""
        found: dict[str, Member] = {}
        for member in self.members:
            if member.name:
                found[member.name] = member
            elif isinstance(member.type, Struct):
                inner = member.type.fields.items()
                found |= {name: it._replace(offset=it.offset + member.offset) for name, it in inner}
        return found

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


class Parameter(NamedTuple):
    """A parameter of a function; the name may be ""."""

    name: str
    type: CType


class Function(NamedTuple):
    """A prototype."""

    name: str
    returns: CType
    parameters: tuple[Parameter, ...]
    variadic: bool = False
    size: int = 1  # as sizeof in GCC

    def __str__(self) -> str:
        words = [f"{it.type} {it.name}".strip().replace("* ", "*") for it in self.parameters]
        inside = ", ".join([*words, *(["..."] if self.variadic else [])]) or "void"
        return f"{self.returns} {self.name}({inside})".replace("* ", "*")


CType = Void | Integer | Enum | Pointer | Array | Struct | Function


class Types(Protocol):
    """Lookup of types by name."""

    def function(self, name: str) -> Function | None:
        """The prototype of the function ``name``."""
        ...

    def variable(self, name: str) -> CType | None:
        """The type of the variable ``name``."""
        ...

    def named(self, name: str) -> CType | None:
        """The type ``name``: "struct list_head", "enum pid_type" or a typedef."""
        ...
