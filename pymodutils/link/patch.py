"""What a kernel changes in a module once it is linked, where that follows from the module itself.

Code that depends on the processor (alternatives, paravirt, retpolines) and on what is switched on at that
moment (the branches of jump labels and static calls) stays as it is linked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.arch.patch import RunningKernel
from pymodutils.elf.constants import SHN_UNDEF
from pymodutils.link.areas import SEVEN_AREAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.arch.field import ByteOrder
    from pymodutils.link.image import Image

SMALL: Final = RunningKernel()  # one processor that has no need of thunks
TEXT: Final = 0  # its number among the seven areas


def apply(image: Image, values: Sequence[int], kernel: RunningKernel = SMALL) -> dict[str, int]:
    """Patch the linked ``image``, whose symbols have ``values``, as ``kernel`` would.

    Gives the number of places changed by the name of the section that led there. Architectures whose row has
    no ``patches`` change nothing yet.
    """
    arch, done = image.module.arch, {}
    for name, patch in (arch.patches() if arch.patches else {}).items():
        at = image.module.find(name)
        if at and image.layout.placed[at] is not None:
            done[name] = patch(LinkedSites(image, values, kernel, at))
    return done


class LinkedSites(NamedTuple):
    """Section ``at`` of a linked image, as ``arch.patch.PatchSites``."""

    image: Image
    values: Sequence[int]  # of the image's symbols
    kernel: RunningKernel
    at: int

    @property
    def order(self) -> ByteOrder:
        """The byte order of the module."""
        return self.image.module.arch.order

    @property
    def table(self) -> memoryview:
        """The section, to be read and written."""
        return self.image.section(self.at)

    @property
    def address(self) -> int:
        """Where the section is."""
        return self.image.addresses[self.at]

    @property
    def text(self) -> range:
        """The addresses of .text, or with areas by type, of all code that stays."""
        image = self.image
        if image.layout.plan is SEVEN_AREAS:
            return range(image.bases[TEXT], image.bases[TEXT] + image.layout.sizes[TEXT])
        at = image.module.find(".text")
        return range(image.addresses[at], image.addresses[at] + image.module.sections[at].sh_size)

    def imports(self) -> dict[str, int]:
        """The undefined symbols of the module that are somewhere, by name."""
        symbols = self.image.module.symbols
        found = (
            at for at, section in enumerate(symbols.sections) if section == SHN_UNDEF and self.values[at]
        )
        return {symbols.name(at): self.values[at] for at in found}

    def section(self, name: str) -> memoryview | None:
        """The section ``name``, to be read and written; None if it is not in memory."""
        at = self.image.module.find(name)
        return self.image.section(at) if at and self.image.layout.placed[at] is not None else None

    def code(self, address: int, size: int) -> memoryview:
        """``size`` bytes of the module at ``address``, to be read and written; none if it has not so many."""
        for base, area in zip(self.image.bases, self.image.memory, strict=True):
            if base and base <= address <= base + len(area) - size:
                return memoryview(area)[address - base : address - base + size]
        return memoryview(b"")

    def in_init(self, address: int) -> bool:
        """Whether ``address`` is in memory that is freed after init."""
        layout = self.image.layout
        inits = (area for area in layout.plan.init if area is not None)
        return any(0 <= address - self.image.bases[area] < layout.sizes[area] for area in inits)
