"""``python -m tests.lanes.verdicts LANE...`` plays all cases of lanes.LANES in this process.

It prints each step of which the emulated kernel and the real one do not say the same.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.lanes.verdicts import in_process, lanes


def main(names: list[str]) -> int:
    """1 if anything differs."""
    different = 0
    for name in names:
        lane = lanes.LANES[name]
        chosen = in_process.playable(lane)
        with tempfile.TemporaryDirectory() as folder:
            found = list(
                in_process.differences(lane, chosen, lanes.describe(lane.kernel), Path(folder, "state"))
            )
        different += len(found)
        for it in found:
            print(it.case)  # noqa: T201 -- a command
            for ours, theirs in zip(it.ours, it.theirs, strict=True):
                if ours != theirs:
                    print(f"  ours   {ours}\n  theirs {theirs}")  # noqa: T201
        print(f"{name}: {len(chosen) - len(found)} of {len(chosen)} cases equal")  # noqa: T201
    return bool(different)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
