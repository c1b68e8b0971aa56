"""Prototypes, variables and types of a module from its DWARF, by pyelftools."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pymodutils.dwarf.elf_object import DAMAGE
from pymodutils.elf.ctype import (
    Array,
    CType,
    Enum,
    Function,
    Integer,
    Member,
    Parameter,
    Pointer,
    Struct,
    Void,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elftools.dwarf.die import DIE

    from pymodutils.dwarf.debug_info import DebugInfo

SAME: Final = frozenset({"typedef", "const_type", "volatile_type", "restrict_type", "atomic_type"})
AGGREGATES: Final = {"structure_type": "struct", "class_type": "struct", "union_type": "union"}
KINDS: Final = {"struct": ("structure_type",), "union": ("union_type",), "enum": ("enumeration_type",)}
BOOLEAN, SIGNED, SIGNED_CHAR = 2, 5, 6  # DW_ATE_*
DECLARED: Final = "DW_AT_declaration"


class DwarfTypes:
    """The types in the debug information of ``module``; a damaged or absent one has none."""

    def __init__(self, module: DebugInfo) -> None:
        self._module = module
        self._made: dict[int, CType] = {}

    def function(self, name: str) -> Function | None:
        """The prototype of ``name``: as it is defined, else as it is declared."""
        die = self._index.get(("subprogram", name))
        return self._function(die) if die else None

    def variable(self, name: str) -> CType | None:
        """The type of the variable ``name`` of a file."""
        die = self._index.get(("variable", name))
        return self.of(die) if die else None

    def named(self, name: str) -> CType | None:
        """The type ``name``, "struct NAME" or a typedef."""
        prefix, _, word = name.rpartition(" ")
        dies = (self._index.get((tag, word)) for tag in KINDS.get(prefix, ("typedef", "base_type")))
        return next((self._type(die) for die in dies if die), None)

    @cached_property
    def _index(self) -> dict[tuple[str, str], DIE]:
        """Tag and name -> entry; a definition before a declaration."""
        found: dict[tuple[str, str], DIE] = {}
        try:
            for die in self._top():
                name = die.attributes.get("DW_AT_name")
                if name is None:
                    continue
                key = (_tag(die), name.value.decode("utf-8", "surrogateescape"))
                if key not in found or DECLARED in found[key].attributes:
                    found[key] = die
        except DAMAGE:
            found.clear()
        return found

    def _top(self) -> Iterator[DIE]:
        debug = self._module.debug
        for unit in debug.iter_CUs() if debug else ():
            yield from unit.get_top_DIE().iter_children()

    def of(self, die: DIE) -> CType:
        """The type that ``die`` refers to."""
        if "DW_AT_type" not in die.attributes:
            return Void()
        return self._type(die.get_DIE_from_attribute("DW_AT_type"))

    def _type(self, die: DIE) -> CType:
        found = self._made.get(die.offset)
        if found is None:
            found = self._made[die.offset] = self._new(die)
        return found

    def _new(self, die: DIE) -> CType:
        tag, name, size = _tag(die), _name(die), _number(die, "DW_AT_byte_size")
        if tag in SAME:
            return self.of(die)
        if tag == "enumeration_type":
            values = {_name(it): _number(it, "DW_AT_const_value") for it in die.iter_children()}
            return Enum(name, size, min(values.values(), default=0) < 0, values)
        makers = {
            "base_type": self._base,
            "pointer_type": self._pointer,
            "array_type": self._array,
            "subroutine_type": self._function,
        }
        if tag in AGGREGATES:
            return self._aggregate(die, AGGREGATES[tag], name, size)
        return makers[tag](die) if tag in makers else Void()

    def _base(self, die: DIE) -> CType:
        name, coding = _name(die), _number(die, "DW_AT_encoding")
        signed = coding in {SIGNED, SIGNED_CHAR}
        return Integer(name, _number(die, "DW_AT_byte_size"), signed, name == "char", coding == BOOLEAN)

    def _pointer(self, die: DIE) -> CType:
        return Pointer(lambda: self.of(die))

    def _aggregate(self, die: DIE, kind: str, name: str, size: int) -> CType:
        if DECLARED in die.attributes:
            whole = self._index.get((_tag(die), name))
            if whole is not None and DECLARED not in whole.attributes:
                return self._type(whole)
        return Struct(kind, name, size, lambda: [self._member(it) for it in _children(die, "member")])

    def _member(self, die: DIE) -> Member:
        offset, width = _number(die, "DW_AT_data_member_location"), _number(die, "DW_AT_bit_size")
        start = 8 * offset + _number(die, "DW_AT_data_bit_offset")
        return Member(_name(die), self.of(die), start // 8, start % 8 if width else 0, width)

    def _array(self, die: DIE) -> CType:
        made = self.of(die)
        for dimension in reversed(list(_children(die, "subrange_type"))):
            count = _number(dimension, "DW_AT_count", _number(dimension, "DW_AT_upper_bound", -1) + 1)
            made = Array(made, count)
        return made

    def _function(self, die: DIE) -> Function:
        given = list(_children(die, "formal_parameter"))
        variadic = any(_children(die, "unspecified_parameters"))
        return Function(
            _name(die),
            self.of(die),
            tuple(Parameter(_name(it), self.of(it)) for it in given),
            variadic,
        )


def _children(die: DIE, tag: str) -> Iterator[DIE]:
    return (it for it in die.iter_children() if it.tag == f"DW_TAG_{tag}")


def _tag(die: DIE) -> str:
    return str(die.tag).removeprefix("DW_TAG_")


def _name(die: DIE) -> str:
    found: Any = die.attributes.get("DW_AT_name")
    return found.value.decode("utf-8", "surrogateescape") if found else ""


def _number(die: DIE, attribute: str, absent: int = 0) -> int:
    """The value of ``attribute``, if it is a number."""
    found: Any = die.attributes.get(attribute)
    return found.value if found is not None and isinstance(found.value, int) else absent
