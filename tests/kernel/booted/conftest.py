"""A module that gcc has compiled."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.oracles.debian import Unavailable

SOURCE = """\
static int counter = 5;
int first(int a) { return a; }
int add(int a)
{
    counter += a;
    return counter;
}
static inline __attribute__((always_inline)) int twice(int a) { return 2 * a; }
int use(int a) { return twice(a); }
__attribute__((section(".init.text"))) int set_up(void) { return 0; }
"""


@pytest.fixture(scope="package")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("gcc"):
        raise Unavailable("no gcc (package gcc)")
    folder = tmp_path_factory.mktemp("module")
    (folder / "sample.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O0", "-c", "sample.c"], cwd=folder, check=True)
    return folder / "sample.o"


def offsets(path: Path) -> dict[str, int]:
    """Symbol -> offset in its section, by nm."""
    rows = subprocess.run(["nm", str(path)], capture_output=True, text=True, check=True).stdout.split("\n")
    return {row.split()[2]: int(row.split()[0], 16) for row in rows if row}
