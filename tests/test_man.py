"""Man pages: the options of the commands, and every page renders."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import click
import pytest

from pymodutils.cli import SUBCOMMANDS, TOOLS
from tests.oracles.debian import Unavailable
from tests.pages import options, pages, plain

PAGE = {name: f"pymodutils-{name}.8" for name in {**TOOLS, **SUBCOMMANDS} if name != "list"}
ENTRIES = {**TOOLS, **SUBCOMMANDS}
GENERATIONS = ("pymodutils-linux24.8", "pymodutils-shared-objects.8")
FORMATS = ("pymodutils-modprobe.d.5", "pymodutils-depmod.d.5", "pymodutils-modules.dep.5")


@pytest.mark.parametrize("tool", PAGE)
def test_a_page_has_the_options_of_its_command_and_no_others(tool: str) -> None:
    module = import_module(f"pymodutils.commands.{ENTRIES[tool].module}")
    commands: list[click.Command] = [module.command]
    if tool == "kernel":
        commands += [module.tool(word) for word in module.COMMANDS]
    params = [param for command in commands for param in command.params]
    known = [param for param in params if isinstance(param, click.Option) and not param.hidden]
    page = next(path for path in pages() if path.name == PAGE[tool])
    assert options(page) == {name for option in known for name in option.opts}


def test_every_command_and_file_format_has_a_page() -> None:
    assert {*PAGE.values(), *FORMATS, *GENERATIONS, "pymodutils.8"} == {page.name for page in pages()}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_renders_without_warnings(page: Path) -> None:
    if not shutil.which("groff"):
        raise Unavailable("groff is not installed")
    command = ["groff", "-man", "-ww", "-Tutf8", "-rLL=80n", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    text = strip_styles(done.stdout)
    assert text.index("\nNAME\n") < text.index("\nDESCRIPTION\n")
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_man_shows_it_without_warnings(page: Path) -> None:
    if not shutil.which("man"):
        raise Unavailable("man is not installed")
    environment = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "PAGER": "cat"}
    command = ["man", "--warnings", "-l", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_names_itself_and_says_what_for(page: Path) -> None:
    lines = page.read_text().splitlines()
    names, dash, purpose = plain(lines[lines.index(".SH NAME") + 1]).partition(" - ")
    assert names.split(", ")[0] == page.stem
    assert dash
    assert purpose


def strip_styles(text: str) -> str:
    """``text`` as a terminal shows it."""
    return re.sub(r"\x1b\[[0-9;]*m|.\x08", "", text)
