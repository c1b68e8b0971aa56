"""SIGKILL leaves old or new files, and the next run removes leftovers.

``KILLS`` in the environment is the number of kills for each program.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

from pymodutils import cli
from pymodutils.kernel import saved
from tests.depends.depmod.compare import database
from tests.depends.depmod.made import VERSION, place
from tests.depends.depmod.test_starved import modules
from tests.kernel.emulated.modules import description, module
from tests.kernel.emulated.processes import ended, forked

SCRATCH = re.compile(r"pymodutils\.(new|scratch)-")
ABSENT = b"rmmod: ERROR: Module made is not currently loaded\n"
KILLS = int(os.environ.get("KILLS", "20"))

pytestmark = pytest.mark.slow


class Bench:
    """A folder in which programs are run and killed.

    They are forked from this process, which has imported everything, so that kills hit their actual work.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.tmp, self.home = folder, folder / "tmp", folder / "home"
        self.errors = folder / "errors"
        self.tmp.mkdir()
        (folder / "k.json").write_text(saved.dumps(description()))
        (folder / "m.ko").write_bytes(module())

    def start(self, *words: str) -> int:
        """The pid of a new process that is ``pymodutils`` with ``words``."""
        return forked(partial(self._main, words))

    def warm(self, *words: str) -> None:
        """Run ``pymodutils`` with ``words``, and import here what it imported there."""
        assert ended(forked(partial(self._list_imports, words))) == 0
        for name in (self.folder / "imports").read_text().split():
            import_module(name)

    def _list_imports(self, words: Sequence[str]) -> None:
        self._enter()
        assert not cli.run(words[0], words[0], {**cli.TOOLS, **cli.SUBCOMMANDS}[words[0]], words[1:])
        names = [name for name in sys.modules if not name.startswith("__")]
        (self.folder / "imports").write_text("\n".join(names))

    def _main(self, words: Sequence[str]) -> None:
        self._enter()
        cli.main(["pymodutils", *words])

    def _enter(self) -> None:
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update({"TMPDIR": str(self.tmp), "HOME": str(self.home), "PATH": "/usr/bin:/bin"})
        tempfile.tempdir = None
        for fd, name in ((1, os.devnull), (2, self.errors)):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), fd)
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__

    def run(self, *words: str) -> bytes:
        """Its standard error; its status is 0 if that is empty."""
        status = ended(self.start(*words))
        said = self.errors.read_bytes()
        assert bool(status) == bool(said), (words, status, said)
        return said

    def kill(self, prepare: Callable[[], object], check: Callable[[], object], *words: str) -> None:
        """Kill the program at KILLS moments of its life, with ``prepare`` before and ``check`` after each."""
        chance = random.Random(KILLS)  # noqa: S311 -- moments, not secrets
        prepare()
        self.warm(*words)
        prepare()
        start = time.monotonic()
        assert not self.run(*words)
        life = time.monotonic() - start
        met = 0
        for _ in range(KILLS):
            prepare()
            pid = self.start(*words)
            time.sleep(chance.uniform(0, life))
            os.kill(pid, signal.SIGKILL)
            met += ended(pid) == -signal.SIGKILL
            check()
        assert met > KILLS // 4

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
    assert not bench.run(*words)
    old = database(tree.modules)
    extra.write_bytes(module())
    assert not bench.run(*words)
    new = database(tree.modules)
    assert old != new

    def prepare() -> None:
        extra.unlink(missing_ok=True)
        assert not bench.run(*words)
        assert not bench.left()
        extra.write_bytes(module())

    def check() -> None:
        found = database(tree.modules)
        assert all(found[name] in (old[name], new[name]) for name in old)
        assert not bench.run(*words)
        assert database(tree.modules) == new

    bench.kill(prepare, check, *words)


def test_insmod(bench: Bench) -> None:
    backend = "--backend=emulated:k.state"

    boot = ("kernel", "boot", "k.state", "--from", "k.json")
    bench.warm(*boot)
    for words in (("insmod", backend, "m.ko"), ("rmmod", backend, "made")):
        bench.warm(*words)

    def prepare() -> None:
        assert not bench.run(*boot)

    def check() -> None:
        assert bench.run("rmmod", backend, "made") in (b"", ABSENT)
        assert not bench.run("insmod", backend, "m.ko")
        assert not bench.run("rmmod", backend, "made")

    bench.kill(prepare, check, "insmod", backend, "m.ko")
    assert sorted(path.name for path in bench.folder.glob("k.state*")) == ["k.state"]


def test_boot(bench: Bench) -> None:
    words = ("kernel", "boot", "k.state", "--from", "k.json")

    def check() -> None:
        assert not bench.run(*words)
        assert not bench.run("insmod", "--backend=emulated:k.state", "m.ko")

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
        assert not bench.run(*words)
        assert not bench.left()

    bench.kill(prepare, check, *words)
