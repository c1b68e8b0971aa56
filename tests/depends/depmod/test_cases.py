"""Unusual modules, inputs and options, compared with both kmods."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.depends.depmod.compare import equal_to_kmod, made_by, ours
from tests.depends.depmod.made import module, place
from tests.oracles.trees import Tree

pytestmark = pytest.mark.lane

MODULES = {
    "kernel/m-one.ko": module(
        info=[
            *(b"alias=a-b", b"alias=a_b", b"alias=x[a-b]y-z", b"alias=bad[1", b"alias=bad2]", b"alias="),
            *(b"alias=sp ace", b"softdep=pre: x", b"softdep=post: y-z  w", b"weakdep=a-b c"),
            *(b"alias=devname:foo/bar", b"alias=char-major-10-237", b"alias=char-major-11-1"),
        ],
        exports={b"one1": 1, b"one2": 2, b"_pfx": 3},
        needs=[b"two1"],
    ),
    "kernel/two.ko": module(
        info=[b"alias=block-major-7-3x", b"alias=devname:zz", b"alias=devname:yy"],
        exports={b"two1": 4},
        needs=[b".three"],
    ),
    "kernel/three.ko": module(info=[b"alias=devname:no", b"alias=a-b"], exports={b"three": 5, b"two1": 6}),
    "kernel/four.ko": module(
        info=[b"alias=char-major-1-*", b"alias=devname:q", b"alias=block-major-0-4"],
        strings=b"str1\0\0str2\0",
    ),
    "kernel/five.ko": module(
        info=[b"alias=char-major-12-3", b"alias=devname:before", b"alias"],
        needs=[b"str2", b"str1"],
        weak=[b"one1", b"absent"],
        versions=[(b"str2", 9), (b"only_here", 7), (b"one2", 8), (b"str1", 0)],
    ),
    "kernel/six.ko": module(
        info=[b"alias=devname:e", b"alias=char-major-0x1-5", b"alias=char-major-5--1"],
        needs=[b"absent", b"pfx"],
    ),
    "kernel/first.ko": module(info=[b"alias=char-major-1-1", b"alias=block-major-2-2", b"alias=devname:x"]),
    "kernel/wide.ko": module(info=[b"alias=char-major-99999999999999999999-4294967297", b"alias=devname:w"]),
}


@pytest.mark.parametrize(
    "words", [(), ("-n",), ("-w",), ("-P", "_"), ("-v",), ("-a",), ("-e",), ("-C", "/absent")]
)
def test_odd_modules(words: tuple[str, ...], tmp_path: Path) -> None:
    equal_to_kmod(place(tmp_path, MODULES), *words)


@pytest.mark.parametrize(
    ("listing", "info"),
    [
        (
            "kernel/a-b.ko\nkernel/c.d.ko\n\nkernel/x.ko.xz\n1abc\n /f.ko\nnoext\nkernel/last.ko",
            "a.alias=x-y\0",
        ),
        ("kernel/a-b.ko\nkernel/a_b.ko\n", "a.alias=x-y\0a.license=GPL\0b.alias=x-y\0a-c.alias=[a-b]-\0"),
        ("", "a.alias=x1\0noeq\0b.alias=x2\0c.d.alias=x3\0e.alias.f=x4\0g.alias=a=b\0\0k.alias=x5\0"),
        ("", ".alias=x6\0n.alias=\0h.aliasx=z\0bad.alias=[\0unended.alias=x"),
    ],
)
def test_what_is_built_in(listing: str, info: str, tmp_path: Path) -> None:
    equal_to_kmod(place(tmp_path, {"kernel/a.ko": module()}, builtin=listing, builtin_modinfo=info))


@pytest.mark.parametrize(
    "order", ["kernel/b.ko\nkernel/a.ko", "./kernel/b.ko\n\nkernel/c.ko.gz\n", "kernel/b.ko\n" * 2]
)
def test_modules_order(order: str, tmp_path: Path) -> None:
    names = ("c", "b", "a", "long-name", "x.y")
    equal_to_kmod(place(tmp_path, {f"kernel/{name}.ko": module() for name in names}, order=order))


def test_a_line_of_modules_order_that_comes_twice(tmp_path: Path) -> None:
    modules = {f"kernel/{name}.ko": module() for name in "abc"}
    equal_to_kmod(place(tmp_path, modules, order="kernel/b.ko\nkernel/a.ko\nkernel/b.ko\nkernel/c.ko\n"))


def test_missing_inputs_are_warned_of(tmp_path: Path) -> None:
    tree = place(tmp_path, {"kernel/a.ko": module()})
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        (tree.modules / name).unlink()
    equal_to_kmod(tree)


@pytest.mark.parametrize(
    "needs",
    [
        {"a": "b", "b": "c", "c": "a", "d": "a", "e": "e", "f": ""},
        {"b": "c", "c": "a", "a": "b", "z": "y", "y": "z", "q": "q"},
        {"a": "b", "b": "ax", "x": ""},
    ],
)
def test_cycles_are_refused(needs: dict[str, str], tmp_path: Path) -> None:
    modules = {
        f"kernel/{name}.ko": module(
            exports={b"s_" + name.encode(): 1}, needs=[b"s_" + bytes([c]) for c in of.encode()]
        )
        for name, of in needs.items()
    }
    tree = place(tmp_path, modules)
    equal_to_kmod(tree)
    assert made_by(ours(), tree).files == {}


def test_strange_files(tmp_path: Path) -> None:
    a = module(exports={b"a": 1})
    tree = place(
        tmp_path, {"kernel/a.ko": a, "kernel/a.b.ko": module(needs=[b"a"]), "kernel/.hidden.ko": module()}
    )
    top = tree.modules
    (top / "link.ko").symlink_to("kernel/a.ko")
    (top / "dangling.ko").symlink_to("nowhere")
    os.mkfifo(top / "kernel/pipe")
    for folder in ("dir.ko", "build", "kernel/source"):
        (top / folder).mkdir()
        (top / folder / "in.ko").write_bytes(a)
    (top / "empty.ko").write_bytes(b"")
    (top / "three.ko").write_bytes(b"abc")
    (top / "cut.ko").write_bytes(a[:-70])
    (top / "text.ko").write_bytes(b"text " * 40)
    equal_to_kmod(tree)


def test_only_the_files_that_are_named(tmp_path: Path) -> None:
    tree = place(tmp_path, MODULES)
    for words in (["six.ko", "two.ko"], ["absent.ko"]):
        equal_to_kmod(tree, operands=[str(tree.modules / "kernel" / word) for word in words])
    equal_to_kmod(tree, operands=["relative.ko"])


def test_there_must_be_a_module_directory(tmp_path: Path) -> None:
    equal_to_kmod(Tree(tmp_path, "6.1.0-absent"))
    equal_to_kmod(Tree(tmp_path, "no-version"))
    equal_to_kmod(place(tmp_path, MODULES), "-P", "xx")
