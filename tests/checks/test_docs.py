"""The documented examples work: pytest and CI."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pymodutils.checks.rules import Rule
from pymodutils.commands.check import command
from pymodutils.commands.getopt import Words
from tests.checks.made import Desk

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
PAGES = ("check.md", "ci/github.yml", "ci/gitlab.yml")
LINE = re.compile(r"(?:^|/| )pymodutils check (.*)$", re.MULTILINE)


def lines() -> list[str]:
    text = "\n".join((DOCS / page).read_text() for page in PAGES)
    return LINE.findall(re.sub(r" \\\\?\n +|\n +(?=--format)", " ", text))


@pytest.mark.parametrize("line", lines())
def test_every_line_is_one_that_the_command_takes(line: str) -> None:
    words = shlex.split(line.partition(" >> ")[0].partition("` ")[0])
    if "--between" in words:
        words.remove("--between")
    canonical = Words(command, "check").read(words)
    assert command.make_context("check", canonical).params["modules"]


def test_the_example_for_pytest(desk: Desk) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (DOCS / "check.md").read_text(), re.DOTALL)
    desk.file("test_example.py", example.encode())
    kernel = (REPOSITORY / "demo/try/6.1.json").read_bytes()
    desk.file("kernels/6.1.json", kernel)
    desk.file("kernels/6.12.json", kernel)
    desk.file("build/hello.ko", (REPOSITORY / "demo/try/hello.ko").read_bytes())  # out of tree, unsigned
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        words, cwd=desk.folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert "2 passed" in done.stdout, done.stdout


def test_every_rule_has_a_row_with_its_texts() -> None:
    row = re.compile(r'^\| <a id="([\w-]+)"></a>`([\w-]+)` \| ([^|]*) \| (.*) \| (.*) \|$', re.MULTILINE)
    listed = row.findall((DOCS / "check.md").read_text())
    assert [(name, shown, *texts) for name, shown, _, *texts in listed] == [
        (rule, rule, rule.sentence, rule.advice) for rule in Rule
    ]
    assert all(rule.severity in severity for rule, (*_, severity, _, _) in zip(Rule, listed, strict=True))
