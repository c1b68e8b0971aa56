"""Run all of them: ``python -m tests.against_kmod``, by default 3,000 command lines, 900 configurations.

Prints each difference; exit status 1 if there is any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.against_kmod.play import machine, play_configuration, play_line


def main() -> int:
    """Parse the command line, play, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=3000)
    parser.add_argument("--configurations", type=int, default=900)
    parser.add_argument("--start", type=int, default=0, help="number of the first case")
    words = parser.parse_args()
    differences = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        machine(root)
        for play, count in ((play_line, words.lines), (play_configuration, words.configurations)):
            for number in range(words.start, words.start + count):
                found = play(root, number)
                if found:
                    differences += 1
                    print(f"{found.case}\n  ours {found.ours}\n  kmod {found.theirs}", flush=True)
    print(f"{words.lines} lines, {words.configurations} configurations: {differences} differences")
    return int(differences > 0)


if __name__ == "__main__":
    sys.exit(main())
