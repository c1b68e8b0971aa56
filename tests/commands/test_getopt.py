"""Command lines are parsed like glibc's getopt_long; compared with util-linux's getopt(1)."""

from __future__ import annotations

import shlex
import subprocess

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.commands.getopt import Extra, Tool, Words
from pymodutils.errors import Exit

FLAGS = {
    "-a": "--all",
    "-v": "--verbose",
    "-n": "--dry-run",
    "-q": "--quiet",
    "-h": "--help",
    "-V": "--version",
}
VALUED = {"-C": "--config", "-w": "--wait"}
ONLY_LONG = ("--show-config", "--show-depends", "--force")


@pytest.fixture(scope="module")
def command() -> Tool:
    return tool()


def tool() -> Tool:
    flags = [
        click.Option([short, long], is_flag=True) for short, long in FLAGS.items() if short not in "-h-V"
    ]
    valued = [click.Option([short, long]) for short, long in VALUED.items()]
    only_long = [click.Option([long], is_flag=True) for long in ONLY_LONG]
    ours = Extra(["--explain"], is_flag=True)
    return Tool("tool", params=[*flags, *valued, *only_long, ours, click.Argument(["words"], nargs=-1)])


def by_getopt(words: list[str]) -> tuple[list[str], str]:
    """The words as normalised by getopt(1), with long names, and its messages."""
    short = "".join(letter[1] for letter in FLAGS) + "".join(f"{letter[1]}:" for letter in VALUED)
    long = [name[2:] for name in (*FLAGS.values(), *ONLY_LONG)] + [f"{name[2:]}:" for name in VALUED.values()]
    done = subprocess.run(
        ["getopt", "--name", "tool", "--options", short, "--longoptions", ",".join(long), "--", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    names = {**FLAGS, **VALUED}
    read = shlex.split(done.stdout)
    options = read[: read.index("--")]
    takes = False
    for at, word in enumerate(options):
        if not takes:
            options[at] = names.get(word, word)
        takes = not takes and options[at] in VALUED.values()
    return options + read[read.index("--") :], done.stderr


WORD = st.one_of(
    st.sampled_from(
        ["-a", "-vn", "-C", "-Cx", "-w5", "-vw", "--conf", "--config=", "--wait=5", "--show-d", "--", "-"]
    ),
    st.sampled_from(
        ["--show", "--all=1", "--dry", "-Z", "--nosuch", "--wait", "--s", "x", "a=b", "-av", "--f"]
    ),
)


@given(st.lists(WORD, max_size=6))
def test_reads_as_getopt_does(words: list[str]) -> None:
    expected, complaint = by_getopt(words)
    try:
        read = Words(tool(), "tool").read(words)
    except Exit:
        assert complaint
    else:
        assert (read, complaint) == (expected, "")


@pytest.mark.parametrize(
    "words",
    [["-Z"], ["--nosuch"], ["--show"], ["--all=1"], ["-C"], ["--config"], ["-vw"], ["x", "--s", "y"]],
    ids=" ".join,
)
def test_complains_as_getopt_does(
    words: list[str], command: Tool, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exit):
        Words(command, "tool").read(words)
    assert capsys.readouterr().err == by_getopt(words)[1]


def test_our_own_options_never_make_kmods_prefixes_ambiguous(command: Tool) -> None:
    assert Words(command, "tool").read(["--exp"]) == ["--explain", "--"]


@pytest.mark.parametrize("words", [["-C", "--help"], ["-C", "-h"], ["--config", "--version"], ["-w-V"]])
def test_a_value_is_no_option(words: list[str], command: Tool) -> None:
    read = Words(command, "tool").read([*words, "-v", "operand"])
    assert read[2:] == ["--verbose", "--", "operand"]


@pytest.mark.parametrize("word", ["-h", "--help", "-vh", "--he", "-V"])
def test_nothing_behind_help_is_looked_at(word: str, command: Tool) -> None:
    assert "-Z" not in Words(command, "tool").read([word, "-Z"])


def test_options_end_at_the_first_operand_if_posix_says_so(
    command: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSIXLY_CORRECT", "1")
    assert Words(command, "tool").read(["-v", "x", "-a"]) == ["--verbose", "--", "x", "-a"]
