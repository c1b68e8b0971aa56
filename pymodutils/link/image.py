"""The memory image of a module: its areas at their addresses, with sections copied in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.blank import LARGE, blank
from pymodutils.elf.constants import SHT_NOBITS
from pymodutils.mapped import copy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.link.layout import Layout
    from pymodutils.link.object import Object


class Image:
    """``module`` laid out by ``layout`` with its areas at ``bases``; an empty area's base is 0.

    ``addresses`` has one for each section: in memory, or for a section that is not loaded, in the loader's
    copy of the file (at ``file``). ``percpu`` is the template of the per-CPU data.
    """

    __slots__ = ("addresses", "bases", "layout", "memory", "module", "percpu")

    def __init__(self, module: Object, layout: Layout, bases: Sequence[int], file: int = 0) -> None:
        self.module, self.layout = module, layout
        sizes = layout.sizes
        self.bases = tuple(base if size else 0 for base, size in zip(bases, sizes, strict=True))
        self.memory = [blank(size) for size in sizes]
        self.percpu = bytearray(module.content(layout.percpu) if layout.percpu else b"")
        self.addresses: list[int] = []
        for at, (section, placed) in enumerate(zip(module.sections, layout.placed, strict=True)):
            if placed is None:
                self.addresses.append(file + section.sh_offset)
                continue
            self.addresses.append(self.bases[placed.area] + placed.offset)
            if section.sh_type != SHT_NOBITS:
                self._fill(at, memoryview(self.memory[placed.area])[placed.offset :])

    def _fill(self, at: int, room: memoryview) -> None:
        """Copy the bytes of section ``at`` to the start of ``room``."""
        module, section = self.module, self.module.sections[at]
        if at in module.contents or section.sh_size < LARGE:
            room[: section.sh_size] = module.content(at)
        else:
            module.check_inside(section)
            copy(module.data, section.sh_offset, room[: section.sh_size])

    def section(self, at: int) -> memoryview:
        """The bytes of section ``at`` in memory, writable; those in the file if it is not loaded."""
        placed = self.layout.placed[at]
        if placed is None:
            return memoryview(self.percpu if at and at == self.layout.percpu else self.module.content(at))
        size = self.module.sections[at].sh_size
        return memoryview(self.memory[placed.area])[placed.offset : placed.offset + size]
