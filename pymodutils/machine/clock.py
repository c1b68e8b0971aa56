"""Time of the machine: it passes when the kernel looks at it, and when the processor is idle.

Nothing here asks the host, so two runs of the same kernel are equal to the byte.
"""

from __future__ import annotations

from typing import Final, NamedTuple

FREQUENCY: Final = 2_600_000_000  # of the time stamp counter; the kernel is told so (tsc_early_khz)
HZ: Final = 250
TICK: Final = FREQUENCY // HZ  # cycles
AGAIN: Final = 20_000  # cycles after which a tick is tried again that found interrupts masked
LOOKS: Final = 2_000  # reads of jiffies that let a tick pass: a loop may wait for it and do nothing else
START: Final = 1 << 32
MULTIPLIER, INCREMENT = 6364136223846793005, 1442695040888963407  # Knuth, MMIX


class ClockState(NamedTuple):
    """All that a clock needs to go on."""

    cycles: int = START
    seed: int = 1
    next: int = START + TICK
    looks: int = 0


class Clock:
    """The time stamp counter, and when the next timer interrupt is due."""

    def __init__(self, moment: ClockState | None = None) -> None:
        self.set(moment or ClockState())

    def set(self, moment: ClockState) -> None:
        """Go on from ``moment``."""
        self.cycles, self.seed, self.next, self.looks = moment

    def moment(self) -> ClockState:
        """What to save."""
        return ClockState(self.cycles, self.seed, self.next, self.looks)

    @property
    def due(self) -> bool:
        """Whether a timer interrupt is to be delivered."""
        return self.cycles > self.next

    def stamp(self) -> int:
        """The counter for one RDTSC. Steps vary: a kernel gathers entropy from them and waits for some."""
        self.seed = (self.seed * MULTIPLIER + INCREMENT) & (1 << 64) - 1
        step = 60 + (self.seed >> 56)
        if not self.seed >> 32 & 15:
            step += self.seed >> 36 & 2047
        self.cycles += step
        return self.cycles

    def look(self) -> None:
        """Note that jiffies was read."""
        self.looks += 1
        if self.looks >= LOOKS:
            self.looks = 0
            self.cycles = max(self.cycles, self.next + 1)

    def tick(self) -> None:
        """A timer interrupt is delivered."""
        self.cycles = max(self.cycles, self.next)
        self.next = self.cycles + TICK

    def put_off(self) -> None:
        """A timer interrupt is due, but interrupts are masked."""
        self.next = self.cycles + AGAIN
