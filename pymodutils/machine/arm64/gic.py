"""A GICv2 with one interrupt, that of the virtual timer; IHI 0048.

Its registers read as zero, except those that identify it to a driver; writes are ignored.
"""

from __future__ import annotations

from typing import Final

DISTRIBUTOR, CPU_INTERFACE = 0x8000_0000, 0x8001_0000  # physical addresses
DISTRIBUTOR_SIZE, CPU_INTERFACE_SIZE = 0x1000, 0x2000
VIRTUAL_TIMER: Final = 27  # PPI 11
SPURIOUS: Final = 1023
ITARGETSR, ITARGETSR_END = 0x800, 0x820  # of SGIs and PPIs: this processor
GICC_IAR, GICC_IIDR = 0x00C, 0x0FC
VERSION: Final = 0x0202143B  # of an ARM GICv2


class Gic:
    """The interrupt controller; ``pending`` is the interrupt that the next acknowledge gets."""

    def __init__(self) -> None:
        self.pending = SPURIOUS

    def distributor(self, offset: int, size: int) -> int:
        """A read of a register of the distributor."""
        targets = ITARGETSR <= offset < ITARGETSR_END
        return 0x01010101 & (1 << 8 * size) - 1 if targets else 0

    def interface(self, offset: int) -> int:
        """A read of a register of the CPU interface."""
        if offset == GICC_IAR:
            found, self.pending = self.pending, SPURIOUS
            return found
        return VERSION if offset == GICC_IIDR else 0
