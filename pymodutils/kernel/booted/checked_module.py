"""A module in memory whose variables are checked, and the sections that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernel.booted.module import INIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.booted.module import LiveModule

DATA: Final = (".data", ".bss", ".rodata", ".init.data", ".init.rodata")
NOT_DATA: Final = (".data..percpu", ".rodata.str")  # elsewhere in memory, and without symbols
TEXT: Final = (".text", ".init.text", ".exit.text", ".ref.text")


class CheckedModule(NamedTuple):
    """A module in memory: its struct module, and whether init() has not returned yet."""

    module: LiveModule
    address: int
    starting: bool = True

    def sections(self) -> Iterator[tuple[int, int]]:
        """Number and address of each section with code or variables."""
        for number, start in self.module.areas.items():
            name = self.module.file.names.get(number, "")
            wanted = name.startswith((*DATA, *TEXT)) and not name.startswith(NOT_DATA)
            if wanted and (self.starting or not name.startswith(INIT)):
                yield number, start

    def has_code(self, number: int) -> bool:
        """Whether the section with that number has code."""
        return self.module.file.names[number].startswith(TEXT)
