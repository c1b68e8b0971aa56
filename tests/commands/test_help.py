"""Help texts are complete and fit the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from pymodutils.cli import SUBCOMMANDS, TOOLS
from pymodutils.commands.getopt import COMMANDS, Extra

ENTRIES = {**TOOLS, **SUBCOMMANDS}
REPOSITORY = Path(__file__).parent.parent.parent


def shown(tool: str, columns: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pymodutils", tool, "-h"],
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": str(columns)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("tool", ENTRIES)
def test_names_every_option_and_gives_examples(tool: str) -> None:
    text = shown(tool, 80)
    command: click.Command = import_module(f"pymodutils.commands.{ENTRIES[tool].module}").command
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    assert all(option.help for option in options)
    assert {name for option in options for name in option.opts} <= set(text.replace(",", " ").split())
    assert "\nExamples:\n" in text
    has_extra = any(isinstance(option, Extra) for option in options)
    assert ("\nOptions that kmod does not have:\n" in text) is (has_extra and tool not in COMMANDS)


@pytest.mark.parametrize("columns", [70, 80, 200])
@pytest.mark.parametrize("tool", ENTRIES)
def test_fits_the_terminal_and_stays_readable(tool: str, columns: int) -> None:
    assert all(len(line) <= min(columns, 100) for line in shown(tool, columns).splitlines())
