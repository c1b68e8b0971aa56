"""SIGKILL at any moment: files are the old or the new ones, and the next run clears away what is left.

``KILLS`` in the environment says how many kills each program gets.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pymodutils.kernel import saved
from tests.depends.depmod.compare import database
from tests.depends.depmod.made import VERSION, place
from tests.depends.depmod.test_starved import modules
from tests.environment import without_coverage
from tests.kernel.emulated.modules import description, module

REPOSITORY = Path(__file__).parents[1]
SCRATCH = re.compile(r"pymodutils\.(new|scratch)-")
KILLS = int(os.environ.get("KILLS", "6"))

pytestmark = pytest.mark.slow


class Bench:
    """A folder in which programs are run and killed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tmp, self.home = folder, folder / "tmp", folder / "home"
        self.tmp.mkdir()
        (folder / "k.json").write_text(saved.dumps(description()))
        (folder / "m.ko").write_bytes(module())

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {"TMPDIR": str(self.tmp), "HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}
        return subprocess.Popen(
            [sys.executable, "-m", "pymodutils", *words],
            env={**without_coverage(), **environment},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: str) -> None:
        with self.start(*words) as process:
            _, errors = process.communicate()
        assert (errors, process.returncode) == (b"", 0)

    def kill(self, prepare: Callable[[], object], check: Callable[[], object], *words: str) -> None:
        """Kill the program at KILLS moments of its life, with ``prepare`` before and ``check`` after each."""
        prepare()
        start = time.monotonic()
        self.run(*words)
        life = time.monotonic() - start
        for at in range(KILLS):
            prepare()
            with self.start(*words) as process:
                time.sleep(life * (0.2 + 0.8 * at / KILLS))
                process.send_signal(signal.SIGKILL)
            check()

    def left(self) -> list[str]:
        """Names of temporary files, wherever they lie."""
        names = [path.name for path in self.folder.rglob("*")]
        return [name for name in names if name.endswith(("pymodutils-new", ".new")) or SCRATCH.match(name)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_depmod(bench: Bench) -> None:
    tree = place(bench.folder, modules())
    words = ("depmod", "-b", str(bench.folder), VERSION)
    extra = tree.modules / "kernel/extra.ko"
    bench.run(*words)
    old = database(tree.modules)
    extra.write_bytes(module())
    bench.run(*words)
    new = database(tree.modules)
    assert old != new

    def prepare() -> None:
        extra.unlink(missing_ok=True)
        bench.run(*words)
        assert not bench.left()
        extra.write_bytes(module())

    def check() -> None:
        found = database(tree.modules)
        assert all(found[name] in (old[name], new[name]) for name in old)
        bench.run(*words)
        assert database(tree.modules) == new

    bench.kill(prepare, check, *words)


def test_insmod(bench: Bench) -> None:
    backend = "--backend=emulated:k.state"

    def prepare() -> None:
        bench.run("kernel", "boot", "k.state", "--from", "k.json")

    def check() -> None:
        with bench.start("rmmod", backend, "made") as process:
            _, errors = process.communicate()
        assert errors in (b"", b"rmmod: ERROR: Module made is not currently loaded\n")
        bench.run("insmod", backend, "m.ko")
        bench.run("rmmod", backend, "made")

    bench.kill(prepare, check, "insmod", backend, "m.ko")
    assert sorted(path.name for path in bench.folder.glob("k.state*")) == ["k.state"]


def test_boot(bench: Bench) -> None:
    words = ("kernel", "boot", "k.state", "--from", "k.json")

    def check() -> None:
        bench.run(*words)
        bench.run("insmod", "--backend=emulated:k.state", "m.ko")

    bench.kill(lambda: None, check, *words)
    assert not bench.left()


def test_check(bench: Bench) -> None:
    (bench.folder / "m.tar").write_bytes(b"")
    subprocess.run(["tar", "-cf", "m.tar", "m.ko"], cwd=bench.folder, check=True)
    words = ("check", "-k", "k.json", "m.tar", "-o", "report")

    def prepare() -> None:
        for path in bench.home.rglob("*.json"):
            path.unlink()
        (bench.folder / "report").write_text("old")

    def check() -> None:
        text = (bench.folder / "report").read_text()
        assert text == "old" or "made" in text
        bench.run(*words)
        assert not bench.left()

    bench.kill(prepare, check, *words)
