"""Variables in memory: static ones, and arrays and structures in the frames of functions.

Addresses are those of the layout of ``DebugInfo``.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from elftools.dwarf.callframe import FDE
from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.dwarf.ranges import RangeEntry

from pymodutils.dwarf.elf_object import DAMAGE
from pymodutils.dwarf.types import DwarfTypes
from pymodutils.elf.ctype import Array, Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elftools.dwarf.die import DIE

    from pymodutils.dwarf.debug_info import DebugInfo
    from pymodutils.elf.ctype import CType

SCOPES: Final = frozenset({"DW_TAG_lexical_block", "DW_TAG_inlined_subroutine"})
VARIABLES: Final = frozenset({"DW_TAG_variable", "DW_TAG_formal_parameter"})


class MemoryVariable(NamedTuple):
    """``size`` bytes from ``start`` on: an address, or a distance from the CFA of a frame."""

    start: int
    size: int
    name: str
    array: bool = False
    element: int = 0  # bytes of each of the scalars that it consists of; 0 if those differ or are not known

    @property
    def end(self) -> int:
        """Its first byte that is not."""
        return self.start + self.size

    def has(self, start: int, size: int = 1) -> bool:
        """Whether these bytes are all in it."""
        return self.start <= start and start + size <= self.end

    def may_be_meant(self, pointer: int) -> bool:
        """Whether ``pointer``, outside it, may be its start with a constant added to the index."""
        if not self.element:
            return True
        return self.array and (self.start - pointer) % self.element == 0


class FrameRow(NamedTuple):
    """From ``start`` on, the CFA is ``offset`` bytes after a register."""

    start: int
    register: int
    offset: int
    saved: dict[int, int]  # distance from the CFA -> DWARF's number of the register that is saved there


class StackFrame(NamedTuple):
    """A function with arrays or structures in its frame; each with the code in which it exists."""

    code: range
    variables: list[tuple[MemoryVariable, list[range]]]
    rows: list[FrameRow]
    return_address: int  # DWARF's number of its register

    def row(self, address: int) -> FrameRow:
        """How to find the CFA at ``address``."""
        return self.rows[max(bisect_right(self.rows, address, key=lambda it: it.start) - 1, 0)]

    def at(self, address: int) -> Iterator[MemoryVariable]:
        """The variables that exist at ``address``."""
        return (it for it, code in self.variables if any(address in part for part in code))


@lru_cache(maxsize=4)
def statics(module: DebugInfo) -> dict[int, MemoryVariable]:
    """The static variables of ``module`` by address; none without debug information."""
    try:
        return {it.start: it for it in _statics(module)}
    except DAMAGE:
        return {}


@lru_cache(maxsize=4)
def frames(module: DebugInfo) -> list[StackFrame]:
    """The functions of ``module`` with arrays or structures in their frames."""
    try:
        return list(_frames(module))
    except DAMAGE:
        return []


def _statics(module: DebugInfo) -> Iterator[MemoryVariable]:
    types = DwarfTypes(module)
    for unit in module.debug.iter_CUs() if module.debug else ():
        pending = [unit.get_top_DIE()]
        while pending:
            die = pending.pop()
            for child in die.iter_children():
                if child.tag in SCOPES or child.tag == "DW_TAG_subprogram":
                    pending.append(child)
                elif child.tag == "DW_TAG_variable":
                    at = _operation(child, "DW_AT_location", "DW_OP_addr")
                    if at is not None:
                        yield _variable(types, child, at)


def _frames(module: DebugInfo) -> Iterator[StackFrame]:
    types, debug = DwarfTypes(module), module.debug
    if debug is None or not debug.has_CFI():
        return
    rows = {entry["initial_location"]: entry for entry in debug.CFI_entries() if isinstance(entry, FDE)}
    for unit in debug.iter_CUs():
        for die in unit.get_top_DIE().iter_children():
            if (
                die.tag != "DW_TAG_subprogram"
                or _operation(die, "DW_AT_frame_base", "DW_OP_call_frame_cfa") is None
            ):
                continue
            code = _code(die)
            found = list(_locals(types, die, code))
            if any(it.array or not it.element for it, _ in found):
                for part in code:  # that which rarely runs is apart
                    if entry := rows.get(part.start):
                        yield StackFrame(part, found, list(_rows(entry)), _return_address(entry))


def _locals(types: DwarfTypes, die: DIE, code: list[range]) -> Iterator[tuple[MemoryVariable, list[range]]]:
    """The variables in the frame of ``die``, a scope with that ``code``."""
    for child in die.iter_children():
        if child.tag in SCOPES:
            yield from _locals(types, child, _code(child) or code)
        elif child.tag in VARIABLES:
            offset = _operation(child, "DW_AT_location", "DW_OP_fbreg")
            if offset is not None:
                yield _variable(types, child, offset), code


def _variable(types: DwarfTypes, die: DIE, start: int) -> MemoryVariable:
    while "DW_AT_type" not in die.attributes:
        link = next(it for it in ("DW_AT_abstract_origin", "DW_AT_specification") if it in die.attributes)
        die = die.get_DIE_from_attribute(link)
    kind = types.of(die)
    name = die.attributes.get("DW_AT_name")
    told = name.value.decode("utf-8", "surrogateescape") if name else "a variable"
    return MemoryVariable(start, kind.size, told, isinstance(kind, Array), _element(kind))


def _element(kind: CType) -> int:
    while isinstance(kind, Array):
        kind = kind.element
    return 0 if isinstance(kind, Struct) else kind.size


def _operation(die: DIE, attribute: str, operation: str) -> int | None:
    """The operand of the only ``operation`` of ``attribute``, 0 without one; None if it is something else."""
    found: Any = die.attributes.get(attribute)
    if found is None or found.form != "DW_FORM_exprloc":
        return None
    parsed = DWARFExprParser(die.cu.structs).parse_expr(found.value)
    if len(parsed) != 1 or parsed[0].op_name != operation:
        return None
    return int(parsed[0].args[0]) if parsed[0].args else 0


def _code(die: DIE) -> list[range]:
    """The addresses of the code of ``die``."""
    told = die.attributes
    if "DW_AT_low_pc" in told and "DW_AT_high_pc" in told:
        low, high = told["DW_AT_low_pc"].value, told["DW_AT_high_pc"]
        return [range(low, high.value if high.form == "DW_FORM_addr" else low + high.value)]
    if "DW_AT_ranges" not in told:
        return []
    unit, lists = cast("Any", die.cu), cast("Any", die.dwarfinfo.range_lists())
    base = unit.get_top_DIE().attributes.get("DW_AT_low_pc")
    start, found = base.value if base else 0, list[range]()
    for entry in lists.get_range_list_at_offset(told["DW_AT_ranges"].value, cu=unit):
        if isinstance(entry, RangeEntry):
            shift = 0 if entry.is_absolute else start
            found.append(range(entry.begin_offset + shift, entry.end_offset + shift))
        else:
            start = entry.base_address
    return found


def _return_address(entry: FDE) -> int:
    cie: Any = entry.cie
    return int(cie["return_address_register"])


def _rows(entry: FDE) -> Iterator[FrameRow]:
    for line in entry.get_decoded().table:
        rules = {number: rule for number, rule in line.items() if isinstance(number, int)}
        saved = {rule.arg: number for number, rule in rules.items() if rule.type == "OFFSET"}
        if line["cfa"].expr is None:
            yield FrameRow(line["pc"], line["cfa"].reg, line["cfa"].offset, saved)
