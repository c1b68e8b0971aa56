"""Shells driven through a terminal to complete a line."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from tests.oracles.debian import Unavailable

COMPLETIONS = Path(__file__).parent.parent.parent / "completions"
PATIENCE = 30  # seconds until a shell must have answered


class Shells(NamedTuple):
    """Shells on a machine with ``environment``, each with our completions loaded."""

    environment: dict[str, str]

    def bash(self, line: str) -> set[str]:
        """The completions of bash for the last word of ``line``."""
        words = line.split(" ")
        script = f"""
            . {COMPLETIONS}/bash/{words[0]}
            COMP_WORDS=({" ".join(f"'{word}'" for word in _torn(words))})
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            _pymodutils {words[0]} 2>/dev/null
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        return self._lines(["bash", "--norc", "-c", script])

    def fish(self, line: str) -> set[str]:
        """The completions of fish for the last word of ``line``, without descriptions."""
        script = f"source {COMPLETIONS}/fish/{line.split(maxsplit=1)[0]}.fish; complete -C '{line}'"
        return {found.split("\t")[0] for found in self._lines(["fish", "--no-config", "-c", script])}

    def typed(self, shell: str, line: str, expected: str) -> str:
        """The screen of an interactive ``shell`` after ``line`` and TAB, once it shows ``expected``."""
        with self.terminal(shell) as terminal:
            terminal.write(line + "\t")
            return terminal.read_until(expected)

    @contextmanager
    def terminal(self, shell: str, *lines: str) -> Iterator[Terminal]:
        """An interactive ``shell`` with completions, after ``lines``."""
        command, setup = {
            "bash": (["bash", "--norc", "-i"], f". {COMPLETIONS}/bash/pymodutils"),
            "zsh": (
                ["zsh", "-f", "-i"],
                f"fpath=({COMPLETIONS}/zsh $fpath); autoload -Uz compinit; compinit -u -D",
            ),
            "fish": (["fish", "--no-config", "-i"], f"source {COMPLETIONS}/fish/pymodutils.fish"),
        }[shell]
        environment = {**self.environment, "TERM": "dumb", "PS1": "READY> "}
        with Terminal(_found(command), environment) as terminal:
            if shell != "fish":  # whose prompt is its own
                terminal.read_until("READY> ")
            ready = "echo now=$((40+2))\n" if shell != "fish" else "echo now=(math 40+2)\n"
            for line in (setup, *lines):
                terminal.write(f"{line}\n")
            terminal.write(ready)
            terminal.read_until("now=42")
            yield terminal

    def _lines(self, command: list[str]) -> set[str]:
        done = subprocess.run(
            _found(command),
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        assert done.stderr == ""
        return set(done.stdout.split("\n")) - {""}


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.screen, inside = pty.openpty()
        command = ["setsid", "--ctty", *command]
        self.program = subprocess.Popen(command, env=environment, stdin=inside, stdout=inside, stderr=inside)
        os.close(inside)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.screen)  # hangs up
        self.program.wait(PATIENCE)

    def write(self, text: str) -> None:
        """Type ``text`` and discard earlier output."""
        self.seen = ""
        os.write(self.screen, text.encode())

    def read_until(self, expected: str) -> str:
        """The output since the last ``write``, once it contains ``expected``."""
        deadline = time.monotonic() + PATIENCE
        while expected not in self.seen:
            ready, _, _ = select.select([self.screen], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {expected!r} in {self.seen!r}")
            self.seen += os.read(self.screen, 4096).decode(errors="replace")
        return self.seen


def _torn(words: list[str]) -> list[str]:
    """``words`` as bash passes them to completions: ``=`` is a separate word."""
    torn: list[str] = []
    for word in words:
        before, equals, after = word.partition("=")
        torn += [part for part in (before, equals, after) if part] or [""]
    return torn


def _found(command: list[str]) -> list[str]:
    if not shutil.which(command[0]):
        raise Unavailable(f"{command[0]} is not installed")
    return command
