"""modinfo compared with kmod's on damaged modules and what is none."""

from __future__ import annotations

import os
import random
import re
import signal
from pathlib import Path

import pytest

from tests.commands.modinfo import mine, quiet, theirs
from tests.commands.modinfo_golden import MADE
from tests.oracles.modprobe import ours
from tests.oracles.trees import Tree, tree

COMPLAINT = re.compile(r"modinfo: ERROR: could not get modinfo from 'damaged': [A-Z].*\n")
STRICTER = ((1, 0), (1, -signal.SIGABRT))  # names of sections that end nowhere; kmod's assertions


@pytest.mark.lane
def test_words_that_are_no_module_file(tmp_path: Path) -> None:
    (tmp_path / "folder.ko").mkdir()
    os.mkfifo(tmp_path / "fifo.ko")
    (tmp_path / "null.ko").symlink_to("/dev/null")
    (tmp_path / "module.o").write_bytes(MADE["no value"])
    (tmp_path / "module.ko").write_bytes(MADE["no value"])
    (tmp_path / "link.ko").symlink_to("module.ko")
    names = ["folder.ko", "fifo.ko", "null.ko", "module.o", "nosuch.ko", "./link.ko", "module.ko", ".", "/"]
    for words in (names, ["-m", *names], ["-n", *names], []):
        found = quiet(ours(*words, tool="modinfo", cwd=str(tmp_path)))
        assert found == theirs(34, *words, cwd=str(tmp_path))


@pytest.mark.lane
@pytest.mark.slow
def test_damaged_modules(tmp_path: Path) -> None:
    """600 of them, compared with kmod unless it crashes."""
    chance = random.Random(600)  # noqa: S311 -- a fixed seed
    sources = [path.read_bytes() for name in ("amd64", "armhf", "s390x") for path in smallest(tree(name))]
    path = tmp_path / "damaged.ko"
    different = 0
    for number in range(600):
        path.write_bytes(damaged(sources[number % len(sources)], chance))
        said, other = mine(str(path)), theirs(34, str(path))
        if said != other:
            assert said.status == other.status or (said.status, other.status) in STRICTER
            different += 1
        assert said.status == 0 or COMPLAINT.fullmatch(said.err)
    assert different <= 25


def smallest(tree: Tree) -> list[Path]:
    return sorted(tree.modules.rglob("*.ko"), key=lambda path: path.stat().st_size)[:3]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """``data``, truncated or with bytes of headers, the signature or anything else changed."""
    copy = bytearray(data)
    end = len(copy)
    places = [range(64), range(end - 760, end), range(end - 4000, end - 740), range(end)]
    for _ in range(chance.randint(1, 5)):
        copy[chance.choice(chance.choice(places))] = chance.randrange(256)
    return bytes(copy[: chance.randrange(end)] if chance.random() < 0.15 else copy)
