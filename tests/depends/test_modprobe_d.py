"""Generated modprobe.d directories and kernel command lines, compared with kmod."""

from __future__ import annotations

import random
import re
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracles import small
from tests.oracles.modprobe import Said, here, kmod, need_namespaces

pytestmark = [pytest.mark.lane, pytest.mark.slow]
LETTER = re.compile(r"libkmod: .* ignoring bad line starting with '\udcff'\n")
RELEASES = pytest.mark.parametrize("release", [30, 34])
NAMES = [
    *small.DEP,
    *small.ALIASES,
    *small.BUILTINS,
    "fs-ext4",
    "fs-ext4",
    "a-b",
    "q",
    "r-s",
    "nosuch",
    "pci:v1d2x",
    "symbol:fat_scan",
]

names = st.sampled_from([name for name in NAMES if "[" not in name])
patterns = names | st.sampled_from(
    ["*", "l*", "?oop", "[e-l]*", "fs[-_]*", "q*", "pci:*", "a[-_]b", "x[", "y]"]
)
blanks = st.sampled_from([" ", " ", " ", "  ", "\t", " \t "])
texts = st.text(st.sampled_from("ab1=,\"' \t$#\r"), min_size=1, max_size=8)
targets = st.lists(names | st.sampled_from(["pre:", "post:", "x:"]), max_size=5).map(" ".join)
softdeps = st.builds(
    "{} {}{}{}".format,
    st.sampled_from(["pre:", "post:", ""]),
    blanks,
    targets,
    st.sampled_from(["", "", "\r", " \r"]),
)


def lined(word: str, rest: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda *parts: word + "".join(parts), blanks, patterns, blanks, rest)


junk = st.text(st.sampled_from("ab #\\\"'-_[]*\t\0\x80é"), max_size=10)
lines = st.one_of(
    lined("alias", names),
    lined("alias", names),
    lined("options", texts),
    lined("install", texts),
    lined("remove", texts),
    lined("softdep", softdeps),
    lined("softdep", softdeps),
    lined("weakdep", targets),
    st.builds("blacklist {}".format, patterns),
    st.sampled_from(["", "# x", " # y", "alias", "options q", "include /x", "config binary", "softdep q "]),
    junk,
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """The text of a file: lines, some continued with a backslash or without a newline."""
    text = "\n".join(draw(st.lists(lines, max_size=12)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(["\\\n", "\\\n", "\\", "\n"])) + text[at:]
    return (text + draw(st.sampled_from(["\n", "\n", "", " "]))).encode()


directories = st.dictionaries(
    st.sampled_from(["a.conf", "B.conf", "10.conf", "9.conf", ".x.conf", "z.txt", "zz.conf"]),
    files(),
    min_size=1,
    max_size=3,
)
numbers = count()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small module directory with soft dependencies of its own."""
    root = tmp_path_factory.mktemp("root")
    small.make(root)
    return root


def fresh(root: Path, contents: dict[str, bytes]) -> Path:
    folder = root / f"conf{next(numbers)}"
    folder.mkdir()
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return folder


def same(release: int, *words: str) -> Said:
    """Our result, after comparing it with kmod's."""
    ours, theirs = here("--compat", str(release), *words), kmod(release, *words)
    if release == 30:  # an end of file behind a backslash is a letter to it
        ours, theirs = (said._replace(out=said.out.replace("\udcff", "")) for said in (ours, theirs))
        theirs = theirs._replace(err=LETTER.sub("", theirs.err))
    if theirs.status >= 0:  # it dies of soft dependencies in a circle
        assert ours == theirs
    assert ours.status in (0, 1)
    return ours


@RELEASES
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(contents=directories)
def test_generated_directories(root: Path, release: int, contents: dict[str, bytes]) -> None:
    where = ["-C", str(fresh(root, contents)), "-d", str(root), "-S", "1.0"]
    same(release, *where, "-c")
    for words in (["-D"], ["-D", "-b", "-i"], ["-R"], ["-r", "-D"]):
        same(release, *where, "-a", *words, *NAMES)
    same(release, *where, "-D", "ext4", "a=1", "b=c d")


parts = [
    "[14:00",
    "[1]",
    "]",
    "a.b",
    "a-b.c-d",
    "x.y.z",
    "q.",
    ".w",
    "modprobe.blacklist",
    "loop.max_loop",
    "=",
    "=1",
    "=e-f",
]
words = st.sampled_from(
    [*parts, "=a,b-c,,d", '"', "'", " ", " ", " ", "\t", ",", "quiet", "--", "\\", "\n", "é"]
)


@RELEASES
@settings(max_examples=60)
@given(cmdlines=st.lists(st.lists(words, max_size=14).map("".join), min_size=1, max_size=5))
def test_generated_kernel_command_lines(root: Path, release: int, cmdlines: list[str]) -> None:
    need_namespaces()
    sysroot = fresh(root, {})
    (sysroot / "proc").mkdir()
    proc = sysroot / "proc/cmdline"
    for cmdline in cmdlines:
        proc.write_text(cmdline)
        asked = ["-C", "/nonexistent", "-d", "/nonexistent", "-S", "1.0", "-c"]
        theirs = kmod(release, *asked, mounts={"/proc/cmdline": str(proc)})
        assert here("--sysroot", str(sysroot), *asked) == theirs


def damaged(data: bytes, chance: random.Random) -> bytes:
    """``data`` with up to eight bytes changed, inserted or removed."""
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at:]
        else:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
    return data


@pytest.mark.parametrize("seed", range(5))
def test_damage_is_never_more_than_an_error(root: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- the same damage in every run
    sysroot = fresh(root, {})
    folders = {
        "etc/modprobe.d": {"a.conf": Path(__file__).with_name("example.conf").read_bytes()},
        "proc": {"cmdline": b'loop.max_loop=8 "a.b=c d" modprobe.blacklist=a,b quiet'},
        "lib/modules/1.0": {file.name: file.read_bytes() for file in (root / "lib/modules/1.0").glob("m*")},
    }
    for _ in range(100):
        for folder, contents in folders.items():
            (sysroot / folder).mkdir(parents=True, exist_ok=True)
            for name, data in contents.items():
                (sysroot / folder / name).write_bytes(damaged(data, chance))
        for asked in (
            ["-c"],
            ["-a", "-D", *NAMES],
            ["-a", "-R", *NAMES],
            ["--explain", "ext4"],
            ["-rD", "ext4"],
        ):
            said = here("--sysroot", str(sysroot), "-S", "1.0", *asked)
            assert said.status in (0, 1)
            assert said.status == 0 or "modprobe: " in said.err
