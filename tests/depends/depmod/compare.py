"""One depmod held against another: files, messages, exit status."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.oracles.kmod import kmod30, kmod34
from tests.oracles.trees import Tree

KMODS: dict[str, Callable[[str], list[str]]] = {"30": kmod30, "34": kmod34}
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


def made_by(
    command: Sequence[str], tree: Tree, *words: str, operands: Sequence[str] = (), clear: bool = True
) -> Outcome:
    for name in database(tree.modules) if clear else ():
        (tree.modules / name).unlink()
    line = [*command, *words, "-b", str(tree.root), tree.version, *operands]
    done = subprocess.run(line, capture_output=True, check=False, timeout=120)
    messages = [
        each
        for each in done.stderr.decode("utf-8", "surrogateescape").splitlines(keepends=True)
        if not each.startswith("libkmod:")  # its own look at the old modules.softdep
    ]
    return Outcome(database(tree.modules), done.stdout, "".join(messages), done.returncode)


def equal_to_kmod(
    tree: Tree, *words: str, operands: Sequence[str] = (), versions: Sequence[str] = ("30", "34")
) -> None:
    for version in versions:
        theirs = made_by(KMODS[version]("depmod"), tree, *words, operands=operands)
        mine = made_by(ours(version), tree, *words, operands=operands)
        assert mine[1:] == theirs[1:]
        assert sorted(mine.files) == sorted(theirs.files)
        assert [name for name in mine.files if mine.files[name] != theirs.files[name]] == []
