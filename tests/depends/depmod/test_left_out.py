"""Entries that an index has no room for, and duplicates; ranks of directories as in depmod.d(5)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pymodutils.depends import trie
from pymodutils.depends.depmod import emit
from pymodutils.depends.depmod.config import DepmodConfig
from pymodutils.depends.depmod.tree import Ranking
from pymodutils.log import Log

FINE = (b"fine", b"m", 0)


def job(compat: int = 34, *, warn: bool = False) -> Any:
    return SimpleNamespace(compat=compat, warn=warn)


def index(what: str, *entries: emit.IndexEntry, compat: int = 34, warn: bool = False) -> bytes:
    return emit.index(what, entries, job(compat, warn=warn), Log("depmod"))


def built(*entries: emit.IndexEntry, compat: int = 34) -> bytes:
    return trie.build(entries, order="pre" if compat >= 34 else "post")


@pytest.mark.parametrize(
    ("what", "compat", "longest"), [("", 34, 4095), ("", 30, 4095), ("syms", 34, 4095), ("syms", 30, 1023)]
)
def test_keys_that_are_too_long(
    what: str, compat: int, longest: int, capfd: pytest.CaptureFixture[str]
) -> None:
    most = (b"k" * longest, b"m", 1)
    assert index(what, FINE, most, compat=compat) == built(FINE, most, compat=compat)
    assert capfd.readouterr().err == ""
    more = (b"k" * (longest + 1), b"m", 1)
    assert index(what, FINE, more, compat=compat) == built(FINE, compat=compat)
    shown = f"{'k' * 60}... ({longest + 1} bytes)"
    text = f"depmod: WARNING: Module index: name of module m is too long, left out: {shown}\n"
    assert capfd.readouterr().err == text


def test_the_first_byte_beyond_ascii_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    """Of both kmods, which end there; the entry is left out instead."""
    assert index("", (b"a\x80b\xff", b"m", 0), FINE, (b"c", b"m\xc3", 0)) == built(FINE)
    only = "only 7-bit ASCII is supported:"
    assert capfd.readouterr().err.encode("utf-8", "surrogateescape").decode("latin-1").splitlines()[::2] == [
        f"depmod: ERROR: Module index: bad character '{char}'=0x{code} - {only}"
        for char, code in (("\xc2\x80", "80"), ("\xc3\x83", "c3"))
    ]


@pytest.mark.parametrize(("warn", "what"), [(True, "alias"), (False, "alias"), (True, "")])
def test_duplicates_are_complained_about_with_w(
    warn: bool, what: str, capfd: pytest.CaptureFixture[str]
) -> None:
    entries = [(b"a", b"m", 0), (b"a", b"n", 1), (b"b", b"m", 2), (b"a", b"m", 3)]
    assert index(what, *entries, warn=warn) == built(*entries)
    told = "depmod: WARNING: duplicate module alias:\na m\n"
    assert capfd.readouterr().err == (told if warn and what else "")


TOP = "/lib/modules/1.0"


def prefers(config: DepmodConfig, new: str, old: str) -> bool:
    """Whether the file in ``new`` replaces the one in ``old``; @ stands for a directory outside."""
    paths = (f"{place}/m.ko".replace("@", "/out/") for place in (new, old))
    return Ranking(TOP, config).prefers(*(it if it.startswith("/") else f"{TOP}/{it}" for it in paths))


EXTERNALS = ("/out/a", "/out/b")


@pytest.mark.parametrize(
    ("searches", "best_first"),
    [
        (("updates",), ["updates", "kernel"]),
        (("extra", "built-in", "updates"), ["extra", "kernel", "updates"]),
        (("external", "updates", "built-in"), ["@a", "updates", "kernel"]),
        (("updates", "external", "built-in"), ["updates/dkms", "@b", "kernel"]),
        (("updates", "built-in", "external"), ["updates", "kernel", "@a"]),
        (("kernel/b", "kernel/a"), ["kernel/b", "kernel/a", "kernel"]),
    ],
)
def test_ranks(searches: tuple[str, ...], best_first: list[str]) -> None:
    config = DepmodConfig(searches=searches, externals=EXTERNALS)
    for at, better in enumerate(best_first):
        for worse in best_first[at + 1 :]:
            assert prefers(config, better, worse)
            assert not prefers(config, worse, better)


def test_overrides_come_before_ranks() -> None:
    config = DepmodConfig(overrides=("kernel/m", "extra/m", "kernel/other"))
    assert prefers(config, "kernel", "updates")
    assert not prefers(config, "updates", "kernel")
    assert prefers(config, "extra", "updates")
    assert prefers(config, "kernel", "extra")
    assert not prefers(config, "extra", "kernel")
