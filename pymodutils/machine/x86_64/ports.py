"""I/O ports: a CMOS clock, two PICs with readable masks, and a PIT that does not count.

Other ports read as all ones, like an empty ISA bus.
"""

from __future__ import annotations

from typing import Any, Final

CMOS_INDEX, CMOS_DATA = 0x70, 0x71
MASKS: Final = (0x21, 0xA1)  # OCW1 of the PICs
PC: Final = frozenset([*range(0x20, 0x22), *range(0x40, 0x44), 0x61, 0x70, 0x71, 0x80, 0xA0, 0xA1, 0xED])
FIXED: Final = {0x40: 0, 0x42: 0, 0x61: 0x20}  # PIT channels 0 and 2; its gate, output high
CMOS: Final = {  # BCD: 2024-01-01 12:00:00, a Monday; status A and B: 24 hours, valid
    0x00: 0x00, 0x02: 0x00, 0x04: 0x12, 0x06: 0x01, 0x07: 0x01, 0x08: 0x01, 0x09: 0x24, 0x32: 0x20,
    0x0A: 0x26, 0x0B: 0x02, 0x0D: 0x80,
}  # fmt: skip


class Ports:
    """The I/O ports of the machine."""

    def __init__(self) -> None:
        self.masks = dict.fromkeys(MASKS, 0xFF)
        self.index = 0

    def save(self) -> dict[str, Any]:
        """The state as JSON values."""
        return {"masks": dict(self.masks), "index": self.index}

    def restore(self, saved: dict[str, Any]) -> None:
        """Restore the saved state."""
        self.masks.update({int(port): mask for port, mask in saved["masks"].items()})
        self.index = saved["index"]

    def has(self, port: int) -> bool:
        """Whether ``port`` exists, or is used for delays only: 0x80 and 0xED, io_delay."""
        return port in FIXED or port in self.masks or port in PC

    def read(self, port: int, size: int) -> int:
        """The result of IN of ``size`` bytes."""
        if port == CMOS_DATA:
            return CMOS.get(self.index & 0x7F, 0)
        if port in self.masks:
            return self.masks[port]
        if port in FIXED:
            return FIXED[port]
        return (1 << 8 * size) - 1

    def write(self, port: int, value: int) -> None:
        """Handle OUT."""
        if port == CMOS_INDEX:
            self.index = value
        elif port in self.masks:
            self.masks[port] = value & 0xFF
