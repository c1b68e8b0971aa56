"""Every command in docs/talk.md runs, in order, and prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.oracles.modprobe import here

ROOT = Path(__file__).parents[2]
TALK = "pymodutils talk"
CODE = re.compile(r"`([^`]+)`")


def rows() -> list[list[str]]:
    """The cells of the table: statement, commands, and expected output."""
    text = (ROOT / "docs/talk.md").read_text()
    return [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")][1:]


def answer(command: str) -> str:
    """The output of ``command``; for a test, check that it exists."""
    program, tool, *words = command.split()
    if program == "pytest":
        names = re.findall(r"^def (test_\w+)", (ROOT / tool).read_text(), re.MULTILINE)
        assert not words or words[1] in names, command
        return ""
    assert program == "pymodutils", command
    said = here(*words, tool=tool)
    return said.out + said.err


def test_every_command_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here("--keep", ".", tool="talk")
    known: dict[str, str] = {}
    for says, commands, read in rows():
        asked = CODE.findall(commands)
        assert asked, says
        known.update({command: answer(command) for command in asked if command != TALK or TALK not in known})
        heard = "".join(map(known.__getitem__, asked))
        if not asked[0].startswith("pytest"):
            missing = [text for text in CODE.findall(read) if text not in heard]
            assert not missing, (asked, heard)


def test_the_page_is_complete() -> None:
    assert len(rows()) > 30
    assert all(len(row) == 3 for row in rows())
    for name in re.findall(r"docs/[\w.-]+\.md", (ROOT / "docs/talk.md").read_text()):
        assert (ROOT / name).exists()
