"""check: an emulated kernel compared with the real one in QEMU."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import TYPE_CHECKING

from benchmarks.pairs import measure, ratio
from benchmarks.places import REPOSITORY
from benchmarks.rows import Row
from tests.link.modules import trixie
from tests.oracles.debian import unpacked
from tests.oracles.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.pairs import Run

PAIRS = 2
COLD, KEPT, WHOLE = 60, 25, 60  # seconds that are aimed at
IN_QEMU = """
from pathlib import Path
from pymodutils import check
from tests.lanes import qemu
from tests.oracles import kernels
kernel = kernels.kernel("cloud-amd64")
report = check(str(kernel.modules), str(kernel.image))
paths = {verdict.module: verdict.path for verdict in report.verdicts}
pairs = [(it.path, [paths[name] for name in it.needed]) for it in report.verdicts]
found = qemu.run("tests.lanes.guest.checked:verdicts", pairs, files=map(Path, paths.values()), seconds=3000)
assert [code for code, _ in found] == [verdict.errno for verdict in report.verdicts]
"""


def rows(programs: Path) -> Iterator[Row]:
    """Measure the cloud kernel's modules on it and on four kernels, and the largest tree on its own."""
    cloud, amd64 = kernel("cloud-amd64"), kernel("amd64")
    four = [
        cloud.image,
        kernel("arm64").image,
        next((trixie() / "boot").glob("vmlinuz-*")),
        unpacked("user-mode-linux"),
    ]
    count = len(list(cloud.modules.rglob("*.ko")))
    theirs = [_real() for _ in range(PAIRS)]
    against = "the real kernel in QEMU, one boot"
    one = _check(programs, [cloud.image], cloud.modules, kept=True)
    yield Row(f"check: {count:,} modules, 1 kernel", against, ratio(list(zip(one, theirs, strict=True))))
    for kept, target, how in ((False, COLD, "cold"), (True, KEPT, "descriptions kept")):
        ours = _check(programs, four, cloud.modules, kept=kept)
        goal = round(target / theirs[0].wall, 2)
        measured = ratio(list(zip(ours, theirs, strict=True)))
        yield Row(
            f"check: {count:,} modules, 4 kernels, {how}", f"{against} of 1 of them", measured, wall=goal
        )
    ours = _check(programs, [amd64.image], amd64.modules, kept=False)
    measured = ratio(list(zip(ours, theirs, strict=True)))
    number = len(list(amd64.modules.rglob("*.ko")))
    goal = round(WHOLE / theirs[0].wall, 2)
    yield Row(f"check: {number:,} modules, 1 kernel, cold", f"{against} of {count:,}", measured, wall=goal)


def _check(programs: Path, images: list[Path], modules: Path, *, kept: bool) -> list[Run]:
    """PAIRS runs on the kernels ``images``; ``kept``: their descriptions are cached."""
    with tempfile.TemporaryDirectory() as cache:
        words = [str(programs / "pymodutils"), "check", "--fail-on", "never", str(modules)]
        words += [word for image in images for word in ("--kernel", str(image))]
        environment = {"XDG_CACHE_HOME": cache}
        if not kept:
            words.append("--no-cache")
        measure(words, environment)
        return [measure(words, environment) for _ in range(PAIRS)]


def _real() -> Run:
    return measure([sys.executable, "-c", IN_QEMU], {**os.environ, "PYTHONPATH": str(REPOSITORY)})
