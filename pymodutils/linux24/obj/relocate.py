"""Apply the relocations by the rows of the machine; obj_relocate of modutils."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.arch.ia64_bundle import by_slot
from pymodutils.elf.constants import SHT_RELA
from pymodutils.errors import BadModule
from pymodutils.link.reloc_section import decode
from pymodutils.linux24.machine.slots import Reloc
from pymodutils.twos_complement import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.arch.reloc import RelocType
    from pymodutils.linux24.machine.slots import Slots
    from pymodutils.linux24.obj.file import ObjFile

OVERFLOW, DANGEROUS, UNHANDLED = (
    "Relocation overflow",
    "Dangerous relocation",
    "Unhandled relocation",
)


def relocations(module: ObjFile) -> Iterator[Reloc]:
    """All relocations of ``module`` by section; symbols have values once sections have addresses."""
    machine = module.machine
    for section in module.sections:
        if section.type != machine.rel_type:
            continue
        target = module.sections[section.info]
        rows = decode(machine.arch, bytes(section.contents or b""), rela=machine.rel_type == SHT_RELA)
        if machine.slotted:
            rows = by_slot(rows, machine.slotted)
        for at, (number, index, offset) in enumerate(
            zip(rows.numbers, rows.symbols, rows.offsets, strict=True)
        ):
            if index >= len(module.symtab):
                raise BadModule(module.path, f"Bad symbol index: {index:08x} >= {len(module.symtab):08x}")
            yield Reloc(
                number=number,
                symbol=module.symbol_at(index) if index else None,
                name=module.symtab[index].given,
                A=rows.A[at] if rows.A is not None else None,
                offset=offset,
                target=target,
                D=rows.D[at] if rows.D is not None else 0,
            )


def relocate(module: ObjFile, slots: Slots, error: Callable[[str], None]) -> None:
    """Apply all relocations; ``error`` is called for failed ones."""
    for one in relocations(module):
        row = module.machine.relocs.get(one.number)
        wrong = UNHANDLED if row is None else _apply(module, slots, one, row)
        if wrong:
            error(
                f"{wrong} of type {one.number & module.machine.numbers}"
                + (f" for {one.name}" if one.symbol else "")
            )


def _apply(module: ObjFile, slots: Slots, one: Reloc, row: RelocType) -> str:
    """Apply one relocation; return the fault, or ""."""
    if not row.stores:
        return ""
    arch, field = module.machine.arch, row.field
    memory = one.target.contents
    if memory is None or one.offset + field.size > len(memory):
        raise BadModule(
            module.path, f"{module.path}: a relocation lies outside {one.target.name} ({one.offset:#x})"
        )
    order = field.order or arch.order
    word = int.from_bytes(memory[one.offset : one.offset + field.size], order)
    A = field.get(word) if one.A is None else one.A
    one = one._replace(A=A, S=module.value(one.symbol), P=one.target.address + one.offset, V=word)
    given = [_letter(letter, one, slots) for letter in row.calc.letters]
    if slots.wrong:
        wrong, slots.wrong = slots.wrong, ""
        return wrong
    value = signed(row.calc(*given), arch.bits)
    if value % row.align:
        return DANGEROUS
    if row.range and value not in row.range:
        return OVERFLOW
    new = field.put(word, value) & (1 << 8 * field.size) - 1
    memory[one.offset : one.offset + field.size] = new.to_bytes(field.size, order)
    return ""


def _letter(letter: str, one: Reloc, slots: Slots) -> int:
    """The value of ``letter`` of arch.formula."""
    if letter in ("L", "G"):
        return slots.goal(one)
    if letter == "GP":
        return slots.gp
    if letter == "SEC":
        return one.target.address
    found: int = getattr(one, letter)
    return found
