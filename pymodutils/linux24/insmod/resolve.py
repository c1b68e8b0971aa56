"""Resolve the undefined symbols of a module with those of the kernel and loaded modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.elf.constants import STB_GLOBAL, STB_LOCAL
from pymodutils.errors import Exit
from pymodutils.linux24.obj import allocate, modinfo
from pymodutils.linux24.obj.symbols import KERNEL, ObjSymbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymodutils.linux24.insmod.calls import Known
    from pymodutils.linux24.insmod.report import RunMessages
    from pymodutils.linux24.machine.slots import Slots
    from pymodutils.linux24.obj.file import ObjFile

GPLONLY: Final = "GPLONLY_"
NO_LICENCE: Final = "\nHint: You are trying to load a module without a GPL compatible license\n"
MAYBE_GPLONLY: Final = (
    "      and it has unresolved symbols.  The module may be trying to access\n"
    "      GPLONLY symbols but the problem is more likely to be a coding or\n"
    "      user error.  Contact the module supplier for assistance, only they\n"
    "      can help you.\n"
)
ASK_SUPPLIER: Final = (
    "      and it has unresolved symbols.  Contact the module supplier for\n"
    "      assistance, only they can help you.\n"
)


class ExternalSymbols:
    """Defines the symbols that ``module`` needs; ``used`` are the modules that provide them."""

    def __init__(self, module: ObjFile, slots: Slots) -> None:
        self.module, self.slots = module, slots
        self.used: list[Known] = []
        self.gplonly_seen = False

    def add_kernel_symbols(self, others: Sequence[Known], symbols: Iterable[tuple[int, str]]) -> None:
        """Define symbols from ``others``, newest first, and the remaining ones from the kernel itself."""
        for at, other in enumerate(others):
            if self._add_from(KERNEL + 1 + at, other.symbols):
                self.used.append(other)
        self._add_from(KERNEL, symbols)

    def _add_from(self, section: int, symbols: Iterable[tuple[int, str]]) -> bool:
        """Define symbols of ``section``; return whether any is needed."""
        used, gpl = False, modinfo.is_gpl(self.module)
        for value, exported in symbols:
            name = exported
            if name.startswith(GPLONLY):
                self.gplonly_seen = True
                if not gpl:
                    continue
                name = name.removeprefix(GPLONLY)
            found = self.slots.needed(name)
            if found and found.binding != STB_LOCAL:
                new = self.module.symbols.add(ObjSymbol(name, STB_GLOBAL << 4, section, value, 0))
                used = used or new.section == section
        return used

    def check_undefineds(self, report: RunMessages, *, quiet: bool) -> None:
        """Exit with 1 if there are unresolved symbols that are not weak, reported unless ``quiet``."""
        names = allocate.unresolved(self.module)
        if not names:
            return
        if not quiet:
            for name in names:
                report.error(f"unresolved symbol {name}")
            if not modinfo.is_gpl(self.module):
                report.error(NO_LICENCE + (MAYBE_GPLONLY if self.gplonly_seen else ASK_SUPPLIER))
        raise Exit(1)
