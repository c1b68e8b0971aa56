"""Time advances only when the kernel reads it."""

from __future__ import annotations

from itertools import pairwise

from pymodutils.machine.clock import LOOKS, TICK, Clock
from pymodutils.machine.x86_64.ports import Ports


def test_two_clocks_show_the_same() -> None:
    first, second = Clock(), Clock()
    stamps = [first.stamp() for _ in range(5000)]
    assert stamps == [second.stamp() for _ in range(5000)]
    assert all(late > early for early, late in pairwise(stamps))
    assert len({late - early for early, late in pairwise(stamps)}) > 100  # entropy for the kernel


def test_a_saved_clock_goes_on() -> None:
    clock = Clock()
    clock.stamp()
    again = Clock(clock.moment())
    assert [clock.stamp() for _ in range(50)] == [again.stamp() for _ in range(50)]


def test_a_loop_that_reads_jiffies_gets_its_tick() -> None:
    clock = Clock()
    for _ in range(LOOKS - 1):
        clock.look()
    assert clock.cycles <= clock.next
    clock.look()
    assert clock.due
    clock.tick()
    assert clock.next - clock.cycles == TICK


def test_masks_of_the_pic_read_back_and_nothing_answers_elsewhere() -> None:
    ports = Ports()
    ports.write(0x21, 0xFB)
    assert (ports.read(0x21, 1), ports.read(0xA1, 1)) == (0xFB, 0xFF)
    assert ports.read(0x3F8, 2) == 0xFFFF
    assert not ports.has(0x3F8)
