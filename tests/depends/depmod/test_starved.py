"""depmod short of processes, threads, descriptors or memory."""

from __future__ import annotations

import errno
import lzma
import os
import resource
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from threading import Thread

import pytest

from pymodutils.depends.depmod.files import DirectoryLock, leftovers
from tests.depends.depmod.compare import database, equal_to_kmod, in_process, ours
from tests.depends.depmod.made import VERSION, module, place
from tests.environment import without_coverage
from tests.oracles.trees import Tree

COUNT = 80  # modules, enough to be shared out
LONG = 4096  # bytes, more than an index takes
MEBIBYTE = 1 << 20


def modules(**more: bytes) -> dict[str, bytes]:
    made = {
        f"kernel/m{at}.ko": module(
            info=[b"alias=a%d" % at], exports={b"e%d" % at: at}, needs=[b"e%d" % (at + 1)]
        )
        for at in range(COUNT)
    }
    return made | {f"kernel/{name}.ko": data for name, data in more.items()}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return place(tmp_path, modules())


def words(tree: Tree) -> list[str]:
    return ["-b", str(tree.root), VERSION]


def limited(tree: Tree, what: int, limit: int) -> subprocess.CompletedProcess[str]:
    def lower() -> None:
        resource.setrlimit(what, (limit, limit))

    return subprocess.run(
        [*ours(), *words(tree)],
        env=without_coverage(),
        preexec_fn=lower,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_processes(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = in_process("34", tree, words(tree))

    def refuse() -> int:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", refuse)
    assert in_process("34", tree, words(tree)) == whole


def test_without_threads(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = in_process("34", tree, words(tree))

    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    assert in_process("34", tree, words(tree)) == whole


def test_processes_that_die(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = in_process("34", tree, words(tree))
    monkeypatch.setattr("pymodutils.depends.depmod.team.Child._live", lambda *_: os._exit(1))
    assert in_process("34", tree, words(tree)) == whole


@pytest.mark.parametrize(
    ("what", "limit"), [(resource.RLIMIT_NOFILE, 10), (resource.RLIMIT_AS, 300 * MEBIBYTE)]
)
def test_with_little(tree: Tree, what: int, limit: int) -> None:
    whole = in_process("34", tree, words(tree)).files
    for name in whole:
        (tree.modules / name).unlink()
    done = limited(tree, what, limit)
    assert (done.stderr, done.returncode) == ("", 0)
    assert database(tree.modules) == whole


def test_the_limit_of_file_sizes_is_named(tree: Tree) -> None:
    whole = in_process("34", tree, words(tree)).files
    (tree.modules / "kernel/m7.ko").unlink()
    done = limited(tree, resource.RLIMIT_FSIZE, 1000)
    assert done.stderr.endswith(": File too large (see ulimit -f)\n")
    assert (done.stderr.count("\n"), done.returncode) == (1, 1)
    assert database(tree.modules) == whole
    assert not [name for name in os.listdir(tree.modules) if name.startswith(".")]


def test_one_module_that_cannot_be_unpacked(tmp_path: Path) -> None:
    bomb = lzma.compress(bytes(300 * MEBIBYTE), preset=0)
    hungry = bytearray(lzma.compress(module(), preset=0))
    assert hungry[14:16] == b"\x21\x01"  # a filter, LZMA2, with one byte: the dictionary's size
    hungry[16] = 40  # 4 GiB - 1
    hungry[20:24] = zlib.crc32(hungry[12:20]).to_bytes(4, "little")
    whole = in_process("34", place(tmp_path / "whole", modules()), ["-b", str(tmp_path / "whole"), VERSION])
    tree = place(tmp_path, modules())
    (tree.modules / "kernel/bomb.ko.xz").write_bytes(bomb)
    (tree.modules / "kernel/hungry.ko.xz").write_bytes(bytes(hungry))
    found = in_process("34", tree, words(tree))
    named = sorted(line.split("/")[-1] for line in found.messages.splitlines() if "failed to load" in line)
    assert named == ["bomb.ko.xz: Invalid argument", "hungry.ko.xz: Invalid argument"]
    assert found.status == 0
    assert found.files["modules.alias"] == whole.files["modules.alias"]


def odd(*, long: int) -> Mapping[str, bytes]:
    return {
        "kernel/odd.ko": module(
            info=[b"alias=" + b"a" * long, b"alias=short"], exports={b"e" * long: 1, b"brief": 2}
        )
    }


def test_long_names_are_left_out_of_the_index(tmp_path: Path) -> None:
    found = in_process("34", place(tmp_path, odd(long=LONG)), ["-b", str(tmp_path), VERSION])
    assert found.status == 0
    assert found.messages.count("of module odd is too long, left out: ") == 2
    assert b"a" * LONG in found.files["modules.alias"]
    assert b"hort\0" in found.files["modules.alias.bin"]
    assert b"aaaa" not in found.files["modules.alias.bin"]
    assert b"brief" in found.files["modules.symbols.bin"]


def test_names_that_kmod_30_has_no_room_for_are_left_out_there(tmp_path: Path) -> None:
    tree = place(tmp_path, {"kernel/odd.ko": module(exports={b"e" * 1017: 1, b"brief": 2})})
    found = {version: in_process(version, tree, ["-b", str(tmp_path), VERSION]) for version in ("30", "34")}
    assert "too long, left out: symbol:eee" in found["30"].messages
    assert not found["34"].messages
    indexes = {version: each.files["modules.symbols.bin"] for version, each in found.items()}
    assert [b"eee" in indexes["30"], b"brief" in indexes["30"], b"eee" in indexes["34"]] == [
        False,
        True,
        True,
    ]


@pytest.mark.lane
def test_names_that_just_fit_are_kmods(tmp_path: Path) -> None:
    info = [b"alias=" + b"a" * (LONG - 1)]
    equal_to_kmod(place(tmp_path, {"kernel/odd.ko": module(info=info, exports={b"e" * 1016: 1})}))


@pytest.mark.lane
@pytest.mark.parametrize(
    "listing",
    [
        "kernel/x.ko\nkernel/y\0z.ko\nkernel/w.ko\n\0\nkernel/v.ko\n\0kernel/u.ko\n",
        "kernel/x.ko\nkernel/v.ko\0\nkernel/w\0.ko\nlast.ko",
        f"kernel/x.ko\nkernel/{'v' * 5000}.ko\nlast.ko\n",
        f"kernel/{'v' * 4088}.ko\nlast.ko\n",
        "kernel/a\rb.ko\nkernel/c.ko\n",
    ],
)
def test_odd_lines_of_built_in_modules(listing: str, tmp_path: Path) -> None:
    equal_to_kmod(place(tmp_path, {"kernel/a.ko": module()}, builtin=listing))


def test_files_of_a_living_depmod_are_left_alone(tmp_path: Path) -> None:
    left = tmp_path / ".modules.dep.0123456789abcdef.new"
    left.write_bytes(b"being written, by a process whose number nobody here knows")
    claim = DirectoryLock(str(tmp_path))
    assert leftovers(str(tmp_path)) == []
    claim.release()
    assert leftovers(str(tmp_path)) == [str(left)]
