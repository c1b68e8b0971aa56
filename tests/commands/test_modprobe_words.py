"""modprobe compared with kmod's: command lines, paths, install and remove commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.modprobe import at
from tests.oracles.modprobe import here, kmod, ours
from tests.oracles.trees import Tree

WORDS = [
    [],
    ["-r"],
    ["-a"],
    ["-w", "x", "loop"],
    ["-w", "5x", "loop"],
    ["-r", "-w", "0x10", "nosuch"],
    ["nosuch"],
    ["-q", "nosuch"],
    ["-a", "nosuch", "other"],
    ["-D", "a[b"],
    ["-D", "loop.ko"],
    ["-D", "LOOP"],
    ["-D", ""],
    ["-D", "loop", "", "z"],
    ["-D", "loop", "z", ""],
    ["-D", "loop", 'a="b c"', "d=e f", "x='y z'", "=q r", 'p=""', 'g="h', 's=a "b c"'],
    ["-D", "loop", "-x"],
    ["-D", "--", "loop", "-x"],
    ["--sh", "loop"],
    ["--show-dep", "loop"],
    ["--force-", "loop"],
    ["-Z", "loop"],
    ["-w"],
    ["-C"],
    ["--wait=5", "-n", "loop"],
    ["--nosuch"],
    ["--all=x"],
    ["-R", "crc32c"],
    ["-R", "crc7", "loop"],
    ["-R", "-a", "crc7", "nosuch", "loop"],
    ["-R", "net-pf-1"],
    ["-D", "net-pf-1"],
    ["-Db", "net-pf-1"],
    ["-r", "unix"],
    ["--show-modversions", "nosuch"],
    ["--show-modversions", "/etc/passwd"],
    ["--show-exports", "/etc"],
    ["-a", "--show-exports", "nosuch", "other"],
]


@pytest.mark.lane
@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_command_lines(amd64: Tree, words: list[str]) -> None:
    asked = ["-C", "/nonexistent", *at(amd64), *words]
    assert here("--compat", "34", *asked) == kmod(34, *asked)


@pytest.mark.lane
def test_paths(amd64: Tree, tmp_path: Path) -> None:
    kernel = amd64.modules / "kernel"
    (tmp_path / "mod.conf").write_text("options crc7 x=1\nblacklist crc16\n")
    for words in (["./lib/crc7.ko"], [f"{kernel}/fs/ext4/ext4.ko"], ["./nosuch.ko"], ["lib/crc7.ko"], ["/x"]):
        asked = ["-C", str(tmp_path / "mod.conf"), *at(amd64), "-D", *words]
        assert ours(*asked, cwd=str(kernel)) == kmod(34, *asked, cwd=str(kernel))
    asked = ["-b", "-C", str(tmp_path / "mod.conf"), *at(amd64), "-D", f"{kernel}/lib/crc16.ko"]
    assert ours(*asked) == kmod(34, *asked)


COMMANDS = """\
alias both yes
alias both no
install yes echo yes $MODPROBE_MODULE "[$CMDLINE_OPTS]" $MODPROBE_OPTIONS
install no echo no; exit 3
install killed kill -9 $$
remove yes echo gone $MODPROBE_MODULE "[$CMDLINE_OPTS]"
remove no exit 4
options both o=1
options yes p=2
"""


@pytest.mark.lane
@pytest.mark.parametrize(
    "words",
    [
        ["yes"],
        ["yes", "a=1", "b=2 3"],
        ["no"],
        ["both", "x=1"],
        ["-q", "no"],
        ["killed"],
        ["-r", "yes"],
        ["-r", "no"],
        ["-r", "no", "yes"],
        ["-ar", "no", "yes"],
        ["-a", "no", "yes"],
        ["-n", "no"],
        ["-i", "yes"],
    ],
    ids=" ".join,
)
def test_commands(amd64: Tree, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "c.conf").write_text(COMMANDS)
    asked = [*at(amd64), "-C", str(tmp_path), *words]
    assert ours("--compat", "34", *asked) == kmod(34, *asked)


@pytest.mark.lane
@pytest.mark.parametrize(
    "words",
    [
        "-q nosuch",
        "-a n1  n2",
        '-a "n1 n2" n3',
        '-a x"y z"w n',
        "-a 'a\"b' c",
        '-a ""n',
        "-a n  ",
        '-a "x y n',
    ],
)
def test_words_from_the_environment(amd64: Tree, words: str) -> None:
    environment = {"MODPROBE_OPTIONS": words}
    assert ours(*at(amd64), "zz", environment=environment) == kmod(
        34, *at(amd64), "zz", environment=environment
    )
