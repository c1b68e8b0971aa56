"""README.md: links exist, and the first commands work without modules or a kernel image."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text()
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
HOME = re.escape(PROJECT["urls"]["Repository"])
RAW = re.escape(PROJECT["urls"]["Repository"].replace("github.com", "raw.githubusercontent.com"))
LINKS = sorted(set(re.findall(rf"\((?:{HOME}/blob|{RAW})/([^)#]+)", README)))
COMMANDS = re.search(r"```\n(pymodutils check .*?)```", README, re.DOTALL)


def test_every_link_is_absolute() -> None:
    assert not re.search(r"\]\((?!https://)", README)


@pytest.mark.parametrize("link", LINKS)
def test_every_link_into_the_repository_names_a_file(link: str) -> None:
    assert (REPOSITORY / link.removeprefix("main/")).is_file()


def test_the_first_commands_work_at_once(tmp_path: Path) -> None:
    assert COMMANDS is not None
    (tmp_path / "demo").symlink_to(REPOSITORY / "demo")
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    lines = COMMANDS[1].splitlines()
    statuses = []
    for line in [*lines, "lsmod --backend emulated", "pymodutils kernel dmesg"]:
        words = shlex.split(line)
        words = words[1:] if words[0] == "pymodutils" else words
        command = [sys.executable, "-m", "pymodutils", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert not re.search("Traceback|ERROR", done.stderr)
        statuses.append(done.returncode)
    assert statuses == [1, 0, 0, 0, 0], "the check finds the second kernel's refusal"
