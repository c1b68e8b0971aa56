"""Compare two depmods: files, messages, exit status."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.oracles.debian import cache
from tests.oracles.kmod import kmod30, kmod34
from tests.oracles.trees import Tree
from tests.server import answer

KMODS: dict[str, Callable[[str], list[str]]] = {"30": kmod30, "34": kmod34}
HINT = "depmod: WARNING: there are no modules of "
INPUTS = {"modules.order", "modules.builtin", "modules.builtin.modinfo"}


class Outcome(NamedTuple):
    files: dict[str, bytes]
    out: bytes
    messages: str
    status: int


def database(top: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in top.glob("modules.*") if path.name not in INPUTS}


def ours(compat: str = "34") -> list[str]:
    return [sys.executable, "-m", "pymodutils", "depmod", "--compat", compat]


def erased(tree: Tree) -> Tree:
    """``tree`` without a database."""
    for name in database(tree.modules):
        (tree.modules / name).unlink()
    return tree


def from_kmod(version: str, tree: Tree, words: Sequence[str], jail: Path | None = None) -> Outcome:
    """The result of depmod of kmod ``version`` for ``tree``, in the root ``jail``."""
    command = [*KMODS[version]("depmod"), *words]
    if jail:
        inside = jail / str(cache()).lstrip("/")
        inside.mkdir(parents=True, exist_ok=True)
        enter = f"mount --bind '{cache()}' '{inside}' && exec chroot '{jail}' \"$@\""
        command = ["unshare", "-m", "sh", "-c", enter, "sh", *command]
    erased(tree)
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    return Outcome(database(tree.modules), done.stdout, _messages(done.stderr), done.returncode)


def in_process(version: str, tree: Tree, words: Sequence[str]) -> Outcome:
    """The result of our depmod in this process, which is much faster."""
    erased(tree)
    found = answer("depmod", ["--compat", version, *words])
    out = found.stdout.encode("utf-8", "surrogateescape")
    return Outcome(database(tree.modules), out, found.stderr, found.status)


def _messages(stderr: bytes) -> str:
    """``stderr`` without libkmod's message about the old modules.softdep, and without our hint."""
    lines = stderr.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("libkmod:", HINT)))


def made_by(
    command: Sequence[str], tree: Tree, *words: str, operands: Sequence[str] = (), clear: bool = True
) -> Outcome:
    if clear:
        erased(tree)
    line = [*command, *words, "-b", str(tree.root), tree.version, *operands]
    done = subprocess.run(line, capture_output=True, check=False, timeout=120)
    return Outcome(database(tree.modules), done.stdout, _messages(done.stderr), done.returncode)


def equal_to_kmod(
    tree: Tree, *words: str, operands: Sequence[str] = (), versions: Sequence[str] = ("30", "34")
) -> None:
    for version in versions:
        theirs = made_by(KMODS[version]("depmod"), tree, *words, operands=operands)
        mine = made_by(ours(version), tree, *words, operands=operands)
        assert mine[1:] == theirs[1:]
        assert sorted(mine.files) == sorted(theirs.files)
        assert [name for name in mine.files if mine.files[name] != theirs.files[name]] == []
