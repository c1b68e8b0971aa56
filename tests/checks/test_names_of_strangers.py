"""Untrusted names in reports: escaped on terminals, in CI logs and in Markdown."""

from __future__ import annotations

import re

import pytest

from pymodutils.checks.formats import github, junit, markdown
from tests.checks.made import Desk

NAMES = [
    *("a\x1b]0;PWN\x07\x1b[2J", "a\n::error::FAKE\n##vso[task.setvariable]x", "::error::x"),
    *("##[error]x", "\udcff"),
]
MARKUP = ["a` ![x](http://e.x/p.png) @team <img src=x> `", "a|b", "**a**", "[a](b)", "~~a~~"]


@pytest.mark.parametrize("name", NAMES)
def test_reports_for_people(name: str, desk: Desk) -> None:
    report = desk.report(desk.module("bad", imports=["lost"], versions={"lost": 1}))
    odd = (it._replace(title=name, path=name, log=("said", name)) for it in report.verdicts)
    report = report._replace(verdicts=tuple(odd))
    for text in (markdown.render(report), github.render(report), junit.render(report)):
        assert "\x1b" not in text
        assert "\n::error::FAKE" not in text
        assert "\n##vso" not in text


@pytest.mark.parametrize("name", MARKUP)
def test_markdown_shows_a_name_as_itself(name: str, desk: Desk) -> None:
    report = desk.report(desk.module("bad", imports=["lost"], versions={"lost": 1}))
    report = report._replace(verdicts=tuple(it._replace(title=name) for it in report.verdicts))
    text = markdown.render(report)
    for sign in "`|*[<~":
        places = [found.start() for found in re.finditer(re.escape(sign), name)]
        assert text.count(f"\\{sign}") >= len(places)
    assert "://" not in text
    assert "@team" not in text
