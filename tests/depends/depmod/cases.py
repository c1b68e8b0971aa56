"""Small trees for depmod, each with options: a row for each kind of input."""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.depends.depmod.made import module, place
from tests.oracles.trees import Tree

NOTHING: Final[Mapping[str, str]] = {}
ROOT: Final = "ROOT"  # in words and files: the folder that the tree lies in


class Case(NamedTuple):
    """Modules by path in the module directory, words of a command line, and what lies beside the modules."""

    modules: Mapping[str, bytes]
    words: tuple[str, ...] = ()
    operands: tuple[str, ...] = ()  # paths in the module directory
    texts: Mapping[str, str] = NOTHING  # of modules.NAME
    without: tuple[str, ...] = ()  # which modules.NAME are missing
    files: Mapping[str, str] = NOTHING  # path below the root -> text
    links: Mapping[str, str] = NOTHING  # path in the module directory -> where it leads

    def lay(self, root: Path) -> tuple[Tree, list[str]]:
        """The tree below ``root``, and the words that name it."""
        tree = place(root, self.modules, **self.texts)
        for name in self.without:
            (tree.modules / f"modules.{name}").unlink()
        for path, text in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text.replace(ROOT, str(root)), encoding="latin-1")
        for path, target in self.links.items():
            (tree.modules / path).parent.mkdir(parents=True, exist_ok=True)
            (tree.modules / path).symlink_to(target)
        words = [word.replace(ROOT, str(root)) for word in self.words]
        operands = [str(tree.modules / path) for path in self.operands]
        return tree, [*words, "-b", str(root), tree.version, *operands]


ODD: Final = {
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


def _needing(needs: Mapping[str, str]) -> dict[str, bytes]:
    """Modules of one letter, each with the letters of those that it needs."""
    return {
        f"kernel/{name}.ko": module(
            exports={b"s_" + name.encode(): 1}, needs=[b"s_" + bytes([letter]) for letter in of.encode()]
        )
        for name, of in needs.items()
    }


def _plain(*names: str) -> dict[str, bytes]:
    return {f"kernel/{name}.ko": module() for name in names}


def _wide() -> dict[str, bytes]:
    """Forty modules with aliases that share beginnings, and symbols of every length."""
    found = {}
    for at in range(40):
        aliases = [
            b"alias=pci:v%08Xd%08Xsv*sd*bc%02Xsc*i*" % (at % 7, at * 37 + each, each) for each in range(6)
        ]
        aliases += [b"alias=usb:v%04Xp%04Xd*dc*" % (at, each) for each in range(3)]
        aliases += [b"alias=of:N*T*Cvendor,%xC*" % (at // 2), b"alias=fs-%b" % (b"x" * (at % 9))]
        exports = {b"symbol_%d_%b" % (at, b"abcdefgh"[: each + 1]): each for each in range(8)}
        needs = [b"symbol_%d_abc" % other for other in (at // 2, at + 1, at + 7) if at < other < 40]
        found[f"kernel/drivers/d{at % 5}/mod-{at}.ko"] = module(info=aliases, exports=exports, needs=needs)
    return found


PLACED: Final = {
    f"{folder}/{name}.ko": module(info=[b"alias=in-" + folder.encode()])
    for folder in ("kernel/a", "extra", "updates/x", "weak-updates")
    for name in ("one", "two")
}
CONF: Final = """\
# places
search extra updates  built-in
override two * weak-updates
override one 5.* kernel/a
override one ^6[.]1 updates/x
exclude c.ko
nonsense here
external * ROOT/outside
make_map_files no
"""
SYMBOLS: Final = {b"s\x80": 1, b"sy\xff": 2, b"sym\x90": 3, b"symb\xa0": 4, b"\xe9symb": 5, b"plain": 6}

CASES: Final[dict[str, Case]] = {
    "odd": Case(ODD),
    **{
        f"odd {' '.join(words)}": Case(ODD, words)
        for words in (("-n",), ("-w",), ("-P", "_"), ("-v",), ("-a",), ("-e",), ("-C", "/absent"))
    },
    "two that are named": Case(ODD, operands=("kernel/six.ko", "kernel/two.ko")),
    "absent and named": Case(ODD, operands=("kernel/absent.ko",)),
    "relative": Case(ODD, words=("relative.ko",)),
    "builtin": Case(
        _plain("a"),
        texts={
            "builtin": "kernel/a-b.ko\nkernel/c.d.ko\n\nkernel/x.ko.xz\n1abc\n /f.ko\nnoext\nkernel/last.ko",
            "builtin_modinfo": "a.alias=x-y\0",
        },
    ),
    "builtin twice": Case(
        _plain("a"),
        texts={
            "builtin": "kernel/a-b.ko\nkernel/a_b.ko\n",
            "builtin_modinfo": "a.alias=x-y\0a.license=GPL\0b.alias=x-y\0a-c.alias=[a-b]-\0",
        },
    ),
    "builtin aliases": Case(
        _plain("a"),
        texts={
            "builtin_modinfo": "a.alias=x1\0noeq\0b.alias=x2\0c.d.alias=x3\0e.alias.f=x4\0g.alias=a=b\0\0"
            "k.alias=x5\0"
        },
    ),
    "builtin without module": Case(
        _plain("a"),
        texts={"builtin_modinfo": ".alias=x6\0n.alias=\0h.aliasx=z\0bad.alias=[\0unended.alias=x"},
    ),
    "builtin of long lines": Case(
        _plain("a"), texts={"builtin": f"{'k' * 4095}\n{'k' * 4096}x.ko\nkernel/{'n' * 4090}.ko\n"}
    ),
    **{
        f"order {order!r}": Case(_plain("c", "b", "a", "long-name", "x.y"), texts={"order": order})
        for order in (
            "kernel/b.ko\nkernel/a.ko",
            "./kernel/b.ko\n\nkernel/c.ko.gz\n",
            "kernel/b.ko\n" * 2,
            "kernel/b.ko\nkernel/a.ko\nkernel/b.ko\nkernel/c.ko\n",
            "kernel/long_name.ko\nkernel/long-name.ko\nkernel/x.y.ko\n",
        )
    },
    "no inputs": Case(_plain("a"), without=("order", "builtin", "builtin.modinfo")),
    "cycle": Case(_needing({"a": "b", "b": "c", "c": "a", "d": "a", "e": "e", "f": ""})),
    "two cycles": Case(_needing({"b": "c", "c": "a", "a": "b", "z": "y", "y": "z", "q": "q"})),
    "diamond": Case(_needing({"a": "bc", "b": "d", "c": "d", "d": "e", "e": "", "f": "ad", "g": ""})),
    "needs one twice": Case(_needing({"a": "bcb", "b": "c", "c": ""}), ("-v",)),
    "wide": Case(_wide()),
    "wide unordered": Case(_wide(), texts={"order": ""}),
    "wide -n": Case(_wide(), ("-n",), texts={"order": "kernel/drivers/d3/mod-3.ko\n"}),
    "beyond ASCII": Case(
        {
            "kernel/a.ko": module(exports=SYMBOLS),
            "kernel/b.ko": module(needs=SYMBOLS, info=[b"alias=\xe9t\xe9", b"alias=plain-alias"]),
        },
        ("-n",),  # text only: an index cannot hold it, where both kmods end
    ),
    "xz": Case({f"kernel/{name}.ko.xz": lzma.compress(ODD[f"kernel/{name}.ko"]) for name in ("two", "six")}),
    "places": Case(PLACED),
    "configured": Case(
        {**PLACED, **_plain("c", "d")},
        ("-C", "ROOT/conf"),
        files={"conf/x.conf": CONF, "conf/y": "search z\n"},
    ),
    "a directory of configuration": Case(
        PLACED, ("-C", "ROOT/c"), files={"c/d.conf/e.conf": "search extra\n"}
    ),
    "configured by a file": Case(PLACED, ("-C", "ROOT/c"), files={"c": "search weak-updates updates\n"}),
    "a link to nowhere": Case(_plain("a"), links={"kernel/deep/er/odd.ko": "nowhere"}),
    "links": Case(_plain("a"), links={"kernel/deep/odd.ko": "../a.ko", "extra": "kernel/deep"}),
    "damaged": Case(
        {
            "kernel/empty.ko": b"",
            "kernel/three.ko": b"abc",
            "kernel/text.ko": b"text " * 40,
            "kernel/cut.ko": ODD["kernel/two.ko"][:-70],
            "kernel/good.ko": ODD["kernel/two.ko"],
        }
    ),
}  # fmt: skip
