"""Check a kernel's own modules on it: 50 of them, or all.

``python -m tests.checks.own_modules [--all] [NAME...]`` prints a row of own_modules.md for each NAME in
kernels.EVERY, or for all, and the refused modules.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence

from pymodutils import Report, check
from tests.oracles import kernels
from tests.oracles.debian import Unavailable

SAMPLE = 50
SEED = 20261130


def checked(name: str, count: int = SAMPLE) -> Report:
    """The report on ``count`` modules of the kernel ``name``, the same ones in each run; 0 for all."""
    kernel = kernels.kernel(name)
    every = sorted(str(path) for path in kernel.modules.rglob("*.ko*"))
    chosen = random.Random(SEED).sample(every, count) if count else every  # noqa: S311 -- no secret
    return check(chosen, kernel.image, more=kernel.modules, cached=False)


def refused(report: Report) -> dict[str, str]:
    """The message for each module that does not load."""
    bad = [it for it in report.verdicts if not it.loads]
    return {it.module: "; ".join(found.message for found in it.findings) for it in bad}


def main(words: Sequence[str]) -> None:
    """Print a line for each kernel, and one for each module that it refuses."""
    names = [word for word in words if not word.startswith("-")]
    for name in names or kernels.EVERY:
        try:
            report = checked(name, 0 if "--all" in words else SAMPLE)
        except Unavailable as error:
            print(f"{name}: {error}", flush=True)  # noqa: T201 -- a command
            continue
        bad, kernel = refused(report), kernels.kernel(name)
        numbers = f"{len(report.verdicts)} | {len(report.verdicts) - len(bad)}"
        print(f"| {name} | {kernel.release} | {kernel.architecture} | {numbers} |", flush=True)  # noqa: T201
        for module, why in bad.items():
            print(f"  {module}: {why}")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
