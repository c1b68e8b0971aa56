"""Generated depmod.d directories, compared with both kmods."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pymodutils.depends.depmod.config import DIRECTORIES
from tests.depends.depmod.compare import INPUTS, from_kmod, in_process
from tests.oracles.modprobe import need_namespaces
from tests.oracles.trees import Tree, link, tree

pytestmark = [pytest.mark.lane, pytest.mark.slow]
RELEASE = "6.1.42-2-uml"
MODULES = ["fat.ko", "vfat.ko", "nls_cp437.ko", "nls-cp437.ko", "nls_utf8.ko", "loop.ko"]
PLACES = ["updates", "updates/dkms", "extra", "kernel", "kernel/fs", "weak-updates"]
OUTSIDE = ["one", "two", "two/deep"]

words = st.sampled_from([*PLACES, *PLACES, "built-in", "built-in", "external", "updat", "extra/", ".", "/"])
releases = st.sampled_from(
    [
        *(
            "*",
            "*",
            "*",
            RELEASE,
            "6.1",
            "^6",
            "uml$",
            "[[:digit:]]+",
            "6.1.42",
            "5.",
            "(6|7)",
            "6{1}",
            "[^.]1",
        ),
        *(
            "",
            "(",
            "[",
            "**",
            "*6",
            "6**",
            "x|",
            "a||6",
            "()",
            "\\.",
            "6\\.1",
            "[[:alpha:]]$",
            "\\<6",
            "^*6",
            "{1",
        ),
        *(
            "[]6]",
            "[[:nosuch:]]",
            "6{2,1}",
            "+",
            "?",
            "6+?",
            "\\d",
            "\\w",
            "[a-]2-",
            "[\\]",
            "6.1.42$|^$",
            ")",
            "$^",
        ),
    ]
)
names = st.sampled_from(["fat", "vfat", "nls_cp437", "nls-cp437", "nls_utf8", "loop", "fat.ko", "*"])
outside = st.sampled_from([*(f"@{place}" for place in OUTSIDE), "@one/", "@absent", "one"])
blanks = st.sampled_from([" ", " ", " ", "  ", "\t", " \t", "\\\n", " \\\n ", "\r"])
starts = st.sampled_from(["", "", "", "", " ", "\t", "\\\n"])
ends = st.sampled_from(["", "", "", " ", " # no comment", "\r", "\\"])


def line(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The words of ``parts`` separated by blanks, some with a missing or an additional word."""
    whole = st.tuples(*parts)
    cut = st.tuples(whole, st.integers(1, len(parts))).map(lambda pair: pair[0][: pair[1]])
    more = st.tuples(whole, words).map(lambda pair: (*pair[0], pair[1]))
    texts = st.one_of(whole, whole, whole, whole, cut, more)
    return st.builds(
        lambda start, text, blank, end: start + blank.join(text) + end, starts, texts, blanks, ends
    )


lines = st.one_of(
    line(st.just("search"), words),
    line(st.just("search"), words, words, words),
    line(st.just("search"), words, words, st.just("external"), words, st.just("built-in")),
    line(st.just("override"), names, releases, words),
    line(st.just("override"), names, releases, words),
    line(st.just("override"), names, st.just("*"), words),
    line(st.just("external"), releases, outside),
    line(st.just("external"), st.just("*"), outside),
    line(st.just("exclude"), st.sampled_from(["updates", "fat.ko", "dkms", "fat", "kernel", "one", "*"])),
    line(st.sampled_from(["include", "make_map_files", "Search", "nonsense", "searches"]), words),
    st.sampled_from(
        ["", "#", "# search extra", "\t# x", "\\", "#search \\\nsearch extra", "  ", "\x00search"]
    ),
)
texts = st.builds(
    lambda rows, end: "\n".join(rows) + end, st.lists(lines, max_size=8), st.sampled_from("\n\n ")
)
files = st.dictionaries(
    st.sampled_from(["a.conf", "B.conf", "10-z.conf", "9.conf", ".hidden.conf", "no.config", "\u00e9.conf"]),
    texts,
    min_size=1,
    max_size=3,
)
modules = st.sets(
    st.tuples(st.sampled_from([*PLACES, *(f"@{place}" for place in OUTSIDE)]), st.sampled_from(MODULES)),
    min_size=2,
    max_size=14,
)

numbers = count()


def build(here: Path, chosen: set[tuple[str, str]]) -> Tree:
    """A tree of real modules at these paths; @ is a directory outside of it."""
    real = {path.name: path for path in tree("uml").modules.rglob("*.ko")}
    found = Tree(here / "root", RELEASE)
    for place, name in sorted(chosen):
        folder = here / place[1:] if place.startswith("@") else found.modules / place
        folder.mkdir(parents=True, exist_ok=True)
        link(str(real[name.replace("-", "_")]), str(folder / name))
    found.modules.mkdir(parents=True, exist_ok=True)
    for name in INPUTS:
        (found.modules / name).write_text("")
    return found


def configure(here: Path, wanted: dict[str, str]) -> Path:
    folder = here / "depmod.d"
    folder.mkdir()
    for name, text in wanted.items():
        (folder / name).write_text(text.replace("@", f"{here}/"), newline="")
    return folder


@pytest.mark.parametrize("version", ["30", "34"])
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(chosen=modules, wanted=files)
def test_one_module_of_each_name(
    version: str, tmp_path: Path, chosen: set[tuple[str, str]], wanted: dict[str, str]
) -> None:
    here = tmp_path / str(next(numbers))
    found = build(here, chosen)
    words = ["-C", str(configure(here, wanted)), "-b", str(found.root), RELEASE]
    theirs = from_kmod(version, found, words)
    mine = in_process(version, found, words)
    messages = mine.messages.replace(f"directory {Path.cwd()}/", "directory ")  # made absolute
    assert mine._replace(messages=messages) == theirs
    shutil.rmtree(here)


PATTERNS = Path(__file__).with_name("patterns.txt").read_text().split()


def test_regular_expressions_are_those_of_posix(tmp_path: Path) -> None:
    found = build(tmp_path, {("kernel", "fat.ko"), ("extra", "fat.ko")})
    folder = configure(tmp_path, {})
    words = ["-C", str(folder), "-b", str(found.root), RELEASE]
    for pattern in PATTERNS:
        (folder / "a.conf").write_text(f"search kernel extra\noverride fat {pattern} extra\n")
        assert in_process("34", found, words) == from_kmod("34", found, words), pattern


@pytest.mark.parametrize("version", ["30", "34"])
def test_where_configuration_is(version: str, tmp_path: Path) -> None:
    """Runs kmod in a root of its own, equivalent to --sysroot."""
    need_namespaces()
    found = build(tmp_path, {(place, name) for place in PLACES for name in MODULES})
    for at, place in enumerate(DIRECTORIES):
        folder = found.root / place[1:]
        folder.mkdir(parents=True)
        (folder / "same.conf").write_text(f"override fat * {PLACES[at]}\n")
        (folder / f"{9 - at}.conf").write_text(
            f"nonsense {place}\nsearch {PLACES[at]}\noverride vfat * {PLACES[at]}\n"
        )
    for place in DIRECTORIES:
        theirs = from_kmod(version, found, [RELEASE], jail=found.root)
        mine = in_process(version, found, ["--sysroot", str(found.root), RELEASE])
        assert mine._replace(messages=mine.messages.replace(str(found.root), "")) == theirs
        shutil.rmtree(found.root / place[1:])
