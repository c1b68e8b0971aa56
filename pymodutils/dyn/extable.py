"""Exception tables: where faulting code continues. Section headers are read only for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.elf.scan import Elf
from pymodutils.errors import BadModule

if TYPE_CHECKING:
    from pymodutils.dyn.shared_object import SharedObject

SECTION: Final = "__ex_table"


def entries(module: SharedObject, memory: bytes) -> dict[int, int]:
    """The instructions of ``module`` in ``memory`` that may fault, and their fixups.

    An entry is two addresses; the table is not used where code does not run, as on Alpha.
    """
    try:
        elf = Elf(module.data, module.name)
        index = elf.index(SECTION)
    except BadModule:
        return {}
    if index is None:
        return {}
    header = elf.sections[index]
    start = header.sh_addr - module.start
    size, order = module.machine.arch.bits // 8, module.machine.arch.order
    rows = range(start, min(start + header.sh_size, len(memory)) - 2 * size + 1, 2 * size)
    words = ((memory[at : at + size], memory[at + size : at + 2 * size]) for at in rows)
    return {int.from_bytes(insn, order): int.from_bytes(fixup, order) for insn, fixup in words}
