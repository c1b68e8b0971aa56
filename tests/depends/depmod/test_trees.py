"""Every byte of the database of whole kernels against both kmods."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracles.kmod import kmod30, kmod34
from tests.oracles.trees import Tree, copied, linked, tree

KMODS: dict[str, Callable[[str], list[str]]] = {"30": kmod30, "34": kmod34}
INPUTS = {"modules.order", "modules.builtin", "modules.builtin.modinfo"}

pytestmark = pytest.mark.lane


def database(top: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in top.glob("modules.*") if path.name not in INPUTS}


def clear(top: Path) -> None:
    for name in database(top):
        (top / name).unlink()


def made_by(command: list[str], modules: Tree, *words: str) -> tuple[dict[str, bytes], str, int]:
    """The files, the messages and the exit status of one depmod."""
    clear(modules.modules)
    line = [*command, *words, "-b", str(modules.root), modules.version]
    done = subprocess.run(line, capture_output=True, check=False, timeout=120)
    return database(modules.modules), done.stderr.decode("utf-8", "surrogateescape"), done.returncode


def ours(compat: str) -> list[str]:
    return [sys.executable, "-m", "pymodutils", "depmod", "--compat", compat]


def equal_to_kmod(modules: Tree, *words: str) -> None:
    for version, kmod in KMODS.items():
        theirs = made_by(kmod("depmod"), modules, *words)
        mine = made_by(ours(version), modules, *words)
        assert mine[1:] == theirs[1:]
        assert sorted(mine[0]) == sorted(theirs[0])
        assert [name for name in mine[0] if mine[0][name] != theirs[0][name]] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["uml", "cloud", "s390x", "armhf", "amd64"])
def test_whole_kernels(name: str, tmp_path: Path) -> None:
    modules = linked(tree(name), tmp_path)
    equal_to_kmod(modules)
    order = modules.modules / "modules.order"
    lines = order.read_bytes().splitlines(keepends=True)
    order.write_bytes(b"".join(lines[: len(lines) // 2] + lines[:20]))
    equal_to_kmod(modules)
    order.unlink()
    equal_to_kmod(modules)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["xz", "zst"])
def test_compressed_modules(suffix: str, tmp_path: Path) -> None:
    equal_to_kmod(linked(copied(tree("uml"), suffix, 300), tmp_path))


def test_gzip_is_read_although_debians_kmod_cannot(tmp_path: Path) -> None:
    plain = linked(copied(tree("uml"), limit=200), tmp_path / "plain")
    packed = linked(copied(tree("uml"), "gz", 200), tmp_path / "packed")
    expected = made_by(kmod34("depmod"), plain)[0]
    found = made_by(ours("34"), packed)[0]
    assert found["modules.dep"].replace(b".ko.gz", b".ko") == expected["modules.dep"]
    for name in ("modules.alias.bin", "modules.symbols.bin", "modules.softdep", "modules.devname"):
        assert found[name] == expected[name]
