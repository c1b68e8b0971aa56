"""Time of the machine: it advances when the kernel reads it, and when the processor is idle.

It does not depend on the host, so two runs of the same kernel are identical.
"""

from __future__ import annotations

from typing import Final, NamedTuple

FREQUENCY: Final = 2_600_000_000  # frequency of the time stamp counter; passed to the kernel (tsc_early_khz)
HZ: Final = 250
TICK: Final = FREQUENCY // HZ  # cycles
AGAIN: Final = 20_000  # cycles after which a tick is retried if interrupts were masked
LOOKS: Final = 2_000  # reads of jiffies per tick, for loops that only wait for it
START: Final = 1 << 32
MULTIPLIER, INCREMENT = 6364136223846793005, 1442695040888963407  # Knuth, MMIX


class ClockState(NamedTuple):
    """The state of a clock."""

    cycles: int = START
    seed: int = 1
    next: int = START + TICK
    looks: int = 0


class Clock:
    """The time stamp counter, and when the next timer interrupt is due."""

    def __init__(self, moment: ClockState | None = None) -> None:
        self.set(moment or ClockState())

    def set(self, moment: ClockState) -> None:
        """Continue from ``moment``."""
        self.cycles, self.seed, self.next, self.looks = moment

    def moment(self) -> ClockState:
        """The state to save."""
        return ClockState(self.cycles, self.seed, self.next, self.looks)

    @property
    def due(self) -> bool:
        """Whether a timer interrupt is due."""
        return self.cycles > self.next

    def stamp(self) -> int:
        """The counter for one RDTSC. Steps vary, because a kernel waits for entropy from them."""
        self.seed = (self.seed * MULTIPLIER + INCREMENT) & (1 << 64) - 1
        step = 60 + (self.seed >> 56)
        if not self.seed >> 32 & 15:
            step += self.seed >> 36 & 2047
        self.cycles += step
        return self.cycles

    def look(self) -> None:
        """Account for a read of jiffies."""
        self.looks += 1
        if self.looks >= LOOKS:
            self.looks = 0
            self.cycles = max(self.cycles, self.next + 1)

    def tick(self) -> None:
        """Account for a delivered timer interrupt."""
        self.cycles = max(self.cycles, self.next)
        self.next = self.cycles + TICK

    def put_off(self) -> None:
        """Postpone a timer interrupt, because interrupts are masked."""
        self.next = self.cycles + AGAIN
