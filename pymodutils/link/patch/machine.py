"""What patches need to know: the kernel they are made by, and the table that says where."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.elf.constants import SHN_UNDEF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.link.image import Image


class RunningKernel(NamedTuple):
    """Facts about a running kernel."""

    one_cpu: bool = True  # and never more: locked instructions lose their prefix
    return_thunks: bool = False  # X86_FEATURE_RETHUNK: returns stay jumps to a thunk
    sorts_pairs: bool = False  # by the heapsort of 6.9 and later
    static_keys: Mapping[int, int] = {}  # where static calls' keys are, by their trampolines


class Patch(NamedTuple):
    """Section ``at`` of a linked image, which names the places of one kind of patch."""

    image: Image
    values: Sequence[int]  # of the image's symbols
    machine: RunningKernel
    at: int

    @property
    def table(self) -> memoryview:
        """The section, to be read and written."""
        return self.image.section(self.at)

    @property
    def address(self) -> int:
        """Where the section is."""
        return self.image.addresses[self.at]

    def imports(self) -> dict[str, int]:
        """The undefined symbols of the module that are somewhere, by name."""
        symbols = self.image.module.symbols
        found = (
            at for at, section in enumerate(symbols.sections) if section == SHN_UNDEF and self.values[at]
        )
        return {symbols.name(at): self.values[at] for at in found}

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
