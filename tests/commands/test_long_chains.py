"""Dependency chains of thousands of modules, and graphs with exponentially many paths."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pymodutils.depends.trie import build
from tests.oracles.modprobe import Said, here, kmod, need_namespaces

RELEASE = "1.0"
LONG = 2000
NAMES = [f"m{at}" for at in range(LONG)]


def make(top: Path, needs: Mapping[str, Sequence[str]], softdeps: str = "") -> Path:
    """Write a module directory of empty files below ``top``."""
    modules = top / "lib/modules" / RELEASE
    (modules / "kernel").mkdir(parents=True)
    lines = [
        f"kernel/{name}.ko:{''.join(f' kernel/{it}.ko' for it in below)}" for name, below in needs.items()
    ]
    for name in needs:
        (modules / f"kernel/{name}.ko").touch()
    entries = [
        (name.encode(), line.encode(), at) for at, (name, line) in enumerate(zip(needs, lines, strict=True))
    ]
    (modules / "modules.dep").write_text("".join(f"{line}\n" for line in lines))
    (modules / "modules.dep.bin").write_bytes(build(entries))
    (modules / "modules.softdep").write_text(softdeps)
    return top


def soft_chain(top: Path) -> Path:
    pairs = itertools.pairwise(NAMES)
    return make(top, {name: [] for name in NAMES}, "".join(f"softdep {a} pre: {b}\n" for a, b in pairs))


def hard_chain(top: Path, count: int = 500) -> Path:
    return make(top, {name: NAMES[at + 1 : count] for at, name in enumerate(NAMES[:count])})


def web(top: Path, count: int) -> Path:
    """Each module has the next three as soft dependencies."""
    names = NAMES[:count]
    lines = [
        f"softdep {name} pre: {' '.join(names[at + 1 : at + 4])}\n" for at, name in enumerate(names[:-1])
    ]
    return make(top, {name: [] for name in names}, "".join(lines))


def modprobe(top: Path, *words: str) -> Said:
    return here("--sysroot", str(top), "-S", RELEASE, *words)


def graph(top: Path, *words: str) -> Said:
    return here("--sysroot", str(top), "-k", RELEASE, *words, tool="graph")


@pytest.mark.parametrize("words", [("--explain",), ("--explain", "-r")])
def test_a_chain_of_soft_dependencies_is_explained(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = modprobe(soft_chain(tmp_path), *words, "--format", "json", "m0")
    steps = [step["module"] for step in json.loads(said.out)["modules"][0]["steps"]]
    assert steps == (NAMES if "-r" in words else NAMES[::-1])


def test_each_module_of_a_web_is_explained_once(tmp_path: Path) -> None:
    said = modprobe(web(tmp_path, 40), "--explain", "-r", "--format", "json", "m0")
    steps = [step["module"] for step in json.loads(said.out)["modules"][0]["steps"]]
    assert sorted(steps) == sorted(NAMES[:40])


def test_of_a_long_way_the_ends_are_told(tmp_path: Path) -> None:
    out = modprobe(hard_chain(tmp_path), "--explain", "m0").out
    assert "m0 needs it: m0 -> m1 -> m2 -> m3\n" not in out  # the file follows
    assert "m0 needs it: m0 -> m1 -> m2 -> m3 (" in out
    assert "m0 needs it: m0 -> m1 -> m2 -> m3 -> (492 more) -> m496 -> m497 -> m498 -> m499 (" in out


@pytest.mark.parametrize("form", ["tree", "dot", "svg", "json"])
def test_a_chain_is_drawn(tmp_path: Path, form: str) -> None:
    out = graph(soft_chain(tmp_path), "--format", form, "m0").out
    assert f"m{LONG - 1}" in out
    assert len(out) < 1_000_000


def test_a_tree_that_is_too_deep_goes_on_below(tmp_path: Path) -> None:
    lines = graph(hard_chain(tmp_path), "m0").out.splitlines()
    cut = next(at for at, line in enumerate(lines) if line.endswith(" ..."))
    assert lines[cut].split()[-2:] == ["m32", "..."]
    assert lines[cut + 1] == "m32"
    assert lines[-1].endswith("└── m499")


@pytest.mark.lane
@pytest.mark.parametrize("words", [("-D", "m0"), ("-r", "-D", "m0"), ("-r", "m0")])
def test_chains_and_webs_are_what_kmod_makes_of_them(tmp_path: Path, words: tuple[str, ...]) -> None:
    need_namespaces()
    empty = tmp_path / "empty"
    empty.mkdir()
    mounts = {place: str(empty) for place in ("/etc/modprobe.d", "/lib/modprobe.d")}
    tops = [soft_chain(tmp_path / "soft"), hard_chain(tmp_path / "hard"), web(tmp_path / "web", 12)]
    for top in tops:
        theirs = kmod(34, "-d", str(top), "-S", RELEASE, *words, mounts=mounts)
        mine = modprobe(top, *words)
        assert mine.out == theirs.out
        assert mine.status == theirs.status == 0
