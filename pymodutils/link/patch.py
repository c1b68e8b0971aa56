"""Patch a linked module as the kernel does, as far as this depends only on the module.

Code that depends on the processor (alternatives, paravirt, retpolines) or on run-time state (the branches of
jump labels and static calls) stays unchanged.
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

SMALL: Final = RunningKernel()  # a processor without need for thunks
TEXT: Final = 0  # its index among the seven areas


def apply(image: Image, values: Sequence[int], kernel: RunningKernel = SMALL) -> dict[str, int]:
    """Patch the linked ``image``, whose symbols have ``values``, like ``kernel``.

    Returns the number of changed places by the name of the section that lists them. Architectures without
    ``patches`` change nothing.
    """
    arch, done = image.module.arch, {}
    for name, patch in (arch.patches() if arch.patches else {}).items():
        if at := image.module.find(name):
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
        """The bytes of the section, writable."""
        return self.image.section(self.at)

    @property
    def address(self) -> int:
        """The address of the section."""
        return self.image.addresses[self.at]

    @property
    def text(self) -> range:
        """The address range of .text, or with areas by type, of all core text."""
        image = self.image
        if image.layout.plan is SEVEN_AREAS:
            return range(image.bases[TEXT], image.bases[TEXT] + image.layout.sizes[TEXT])
        at = image.module.find(".text")
        return range(image.addresses[at], image.addresses[at] + image.module.sections[at].sh_size)

    def imports(self) -> dict[str, int]:
        """The resolved imports of the module, by name."""
        symbols = self.image.module.symbols
        found = (
            at for at, section in enumerate(symbols.sections) if section == SHN_UNDEF and self.values[at]
        )
        return {symbols.name(at): self.values[at] for at in found}

    def section(self, name: str) -> memoryview | None:
        """The bytes of the section ``name``, writable; None if it is not in memory."""
        at = self.image.module.find(name)
        return self.image.section(at) if at else None

    def code(self, address: int, size: int) -> memoryview:
        """``size`` bytes of the module at ``address``, writable; empty if out of range."""
        for base, area in zip(self.image.bases, self.image.memory, strict=True):
            if base and base <= address <= base + len(area) - size:
                return memoryview(area)[address - base : address - base + size]
        return memoryview(b"")

    def in_init(self, address: int) -> bool:
        """Whether ``address`` is in memory freed after init()."""
        layout = self.image.layout
        inits = (area for area in layout.plan.init if area is not None)
        return any(0 <= address - self.image.bases[area] < layout.sizes[area] for area in inits)
