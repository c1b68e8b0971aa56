"""Damaged modules: kmod's errno, never a traceback."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from pymodutils.depends.depmod.scan import examine
from tests.depends.depmod.compare import KMODS, made_by, ours
from tests.oracles.trees import Tree, tree

pytestmark = [pytest.mark.lane, pytest.mark.slow]

WORDS = {b"Invalid argument": 22, b"Exec format error": 8}


def damaged(rng: random.Random, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(rng.randrange(1, 5)):
        start = rng.choice([0, 0, len(data) - 64 * 45, 1])
        at = rng.randrange(64) if not start else rng.randrange(start, len(data))
        data[at] = rng.randrange(256)
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.15 else data)


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    rng = random.Random(5)  # noqa: S311
    found = Tree(tmp_path_factory.mktemp("damaged"), "6.1")
    found.modules.mkdir(parents=True)
    small = [path for path in sorted(tree("uml").modules.rglob("*.ko")) if path.stat().st_size < 60000][::25]
    for at in range(600):
        (found.modules / f"m{at:03}.ko").write_bytes(damaged(rng, rng.choice(small).read_bytes()))
    return found


def theirs(modules: Tree, path: Path) -> int | None:
    """The errno of kmod for one module; None if it aborts."""
    words = ["-n", "-b", str(modules.root), modules.version, str(path)]
    done = subprocess.run([*KMODS["34"]("depmod"), *words], capture_output=True, check=False, timeout=30)
    return None if done.returncode else next((code for word, code in WORDS.items() if word in done.stderr), 0)


def test_the_errno_is_kmods(modules: Tree) -> None:
    """We are stricter: every section name must be within the name table."""
    for path in sorted(modules.modules.glob("*.ko"))[:150]:
        expected, found = theirs(modules, path), examine(str(path)).error
        assert found == expected or (found == 22 and expected in (None, 0)), path.name


def test_one_run_over_all_of_them_lists_each(modules: Tree) -> None:
    found = made_by(ours(), modules)
    assert found.status == 0
    assert "Traceback" not in found.messages
    assert found.files["modules.dep"].count(b"\n") == 600
    assert made_by(ours(), modules, "--strict").status == 1
