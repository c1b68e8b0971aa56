"""Measure and write docs/performance.md: ``make bench``, or ``python -m benchmarks depmod`` to only print.

With names of parts (depmod, readers, startup), only these are measured and nothing is written.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from typing import TYPE_CHECKING

from benchmarks import archs, check, depmod, describe, emulated, link, preflight, readers, startup
from benchmarks.places import REPOSITORY, environment
from benchmarks.rows import Row, table

if TYPE_CHECKING:
    from pathlib import Path

PARTS = {
    "depmod": depmod.rows,
    "readers": readers.rows,
    "startup": startup.rows,
    "describe": describe.rows,
    "emulated": emulated.rows,
    "link": link.rows,
    "archs": archs.rows,
    "check": check.rows,
    "preflight": preflight.rows,
}
PAGE = REPOSITORY / "docs/performance.md"
TEXT = """\
# Performance

Each ratio is ours / theirs, the median over pairs of runs that alternate on identical trees; less is
better. The times in the last two columns are medians of the same runs and depend on the machine. Bold: a
missed target.

`make bench` measures everything and writes this page; `python -m benchmarks depmod` prints one part. Parts:
{parts}.

{table}
Measured on {date} with Python {python}, {cores} cores, load {load:.1f} before the start. Trees: Debian 12's
linux-image-amd64, unpacked, not installed, compressed as the kernel's modules_install does it. Ours is the
installed package in a clean environment, started by its console scripts; kmod 30 and 34 are Debian's.
Memory is the peak of the largest process, from a separate run.
"""


def main() -> None:
    """Measure the parts named on the command line, or all of them."""
    named = sys.argv[1:]
    load = os.getloadavg()[0]
    programs = environment()
    rows = [row for part in named or PARTS for row in _measured(part, programs)]
    if named:
        print(table(rows))
        return
    PAGE.write_text(
        TEXT.format(
            parts=", ".join(PARTS),
            table=table(rows),
            date=dt.datetime.now(tz=dt.UTC).date(),
            python=platform.python_version(),
            cores=os.cpu_count(),
            load=load,
        )
    )


def _measured(part: str, programs: Path) -> list[Row]:
    rows = []
    for row in PARTS[part](programs):
        print(*row.cells(), sep="  ", file=sys.stderr, flush=True)
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
