"""modinfo compared with kmod's on hand-made and damaged modules."""

from __future__ import annotations

import os
import random
import re
import signal
from pathlib import Path

import pytest

from tests.commands.modinfo import OPTIONS, mine, quiet, theirs
from tests.elf import made
from tests.oracles.modprobe import ours
from tests.oracles.trees import Tree, tree

COMPLAINT = re.compile(r"modinfo: ERROR: could not get modinfo from 'damaged': [A-Z].*\n")
STRICTER = ((1, 0), (1, -signal.SIGABRT))  # names of sections that end nowhere; kmod's assertions
MADE = {
    "no value": made.modinfo(b"license=GPL", b"novalue", b"name=x"),
    "empty strings": made.modinfo(b"", b"license=GPL", b"", b"", b"name=x", b""),
    "no end": made.module({".modinfo": b"license=GPL\0name=x"}),
    "nothing": made.modinfo(),
    "bad parameters": made.modinfo(b"parm=nocolon", b"parmtype=ok:int", b"parm=ok:desc", b"parmtype=no"),
    "only types": made.modinfo(b"parmtype=a:int", b"parmtype=b:uint"),
    "only descriptions": made.modinfo(b"parm=a:desc a", b"parm=b:desc b"),
    "order of parameters": made.modinfo(
        b"parmtype=t:int",
        b"parm=d:1",
        b"parm=b:2",
        b"parmtype=b:bool",
        b"parmtype=t:charp",
        b"parm=d:3",
        b"parm=b:4",
    ),
    "empty parameters": made.modinfo(b"parm=:d", b"parmtype=:int", b"parm=x:", b"parmtype=y:", b"parm="),
    "long keys": made.modinfo(b"exactly14chars=3", b"exactly15chars_=2", b"sixteen_chars_xx=4"),
    "empty keys": made.modinfo(b"=x", b"==", b"a==b"),
    "no ascii": made.modinfo(b"author=J\xf6rg", b"desc\xff=caf\xc3\xa9"),
    "newlines": made.modinfo(b"description=line1\nline2\n", b"parm=a:one\ntwo", b"parmtype=a:int"),
    "a file name": made.modinfo(b"filename=/etc/passwd"),
    "a signature": made.modinfo(b"sig_id=fake", b"signer=me"),
    "no section": made.module({".text": b"abc"}),
    "32 bit, big": made.module({".modinfo": b"a=b\0"}, 32, ">"),
    "32 bit, little": made.module({".modinfo": b"a=b\0"}, 32),
    "64 bit, big": made.module({".modinfo": b"a=b\0"}, 64, ">"),
    "text": b"hello, world\n" * 9,
    "six bytes": b"abcdef",
    "four bytes": b"abcd",
    "zero bytes": b"",
    "a start": b"\x7fELFxx",
    "a header": made.modinfo(b"a=b")[:64],
    "class 3": b"\x7fELF\3" + made.modinfo(b"a=b")[5:],
    "byte order 3": b"\x7fELF\2\3" + made.modinfo(b"a=b")[6:],
    "version 0": b"\x7fELF\2\1\0" + made.modinfo(b"a=b")[7:],
    "a start of xz": b"\xfd7zXZ\0",
    "damaged xz": b"\xfd7zXZ\0" + bytes(40),
    "damaged zstd": b"\x28\xb5\x2f\xfd" + bytes(40),
}


@pytest.mark.lane
@pytest.mark.parametrize("case", MADE)
def test_modules_made_by_hand(case: str, tmp_path: Path) -> None:
    path = tmp_path / "made-by.hand.ko"
    path.write_bytes(MADE[case])
    for options in OPTIONS:
        assert mine(*options, str(path)) == theirs(34, *options, str(path))


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
    """600 of them: the verdict is kmod's, wherever kmod lives to give one."""
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
    """``data`` with bytes of the header, the section headers, the signature or anything changed, or cut."""
    copy = bytearray(data)
    end = len(copy)
    places = [range(64), range(end - 760, end), range(end - 4000, end - 740), range(end)]
    for _ in range(chance.randint(1, 5)):
        copy[chance.choice(chance.choice(places))] = chance.randrange(256)
    return bytes(copy[: chance.randrange(end)] if chance.random() < 0.15 else copy)
