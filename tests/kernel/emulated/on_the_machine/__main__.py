"""``python -m tests.kernel.emulated.on_the_machine KERNEL [COUNT [FIRST]]`` plays COUNT mutants.

Prints those on which the emulated kernel and the real one disagree; KERNEL is one of lanes.FLAVOURS, FIRST
the first seed.
"""

from __future__ import annotations

import sys
import time

from tests.kernel.emulated.on_the_machine.arena import EACH, Arena
from tests.kernel.emulated.on_the_machine.known import reason


def main(name: str, count: str = "1000", first: str = "0") -> int:
    """Print the differences; 1 if any has no known reason."""
    started, known, arena = time.monotonic(), 0, Arena(name)
    unknown = 0
    for played in range(0, int(count), EACH):
        for it in arena.differences(int(first) + played // EACH, min(EACH, int(count) - played)):
            why = reason(it)
            known, unknown = known + bool(why), unknown + (not why)
            print(f"{it.case}: {why}\n  ours   {it.ours}\n  theirs {it.theirs}", flush=True)  # noqa: T201
    seconds = time.monotonic() - started
    print(f"{name}: {count} mutants, {unknown} differ, {known} more for a known reason, {seconds:.0f} s")  # noqa: T201
    return bool(unknown)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
