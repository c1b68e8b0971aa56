"""Folded lists group only modules with the same message and advice."""

from __future__ import annotations

import pytest

from pymodutils.checks.formats import markdown
from pymodutils.checks.formats.grouped import groups
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding, Report
from tests.checks.made import Desk

MANY = 8
ADVICE = ("rebuild it", "fetch it")


@pytest.fixture
def report(desk: Desk) -> Report:
    """MANY modules with distinct messages and two alternating advices."""
    found = desk.report(*(desk.module(f"made{number}") for number in range(MANY)))
    verdicts = [
        it._replace(
            findings=(Finding(Rule.OTHER, Severity.ERROR, "", f"reason of {it.module}", ADVICE[number % 2]),)
        )
        for number, it in enumerate(found.verdicts)
    ]
    return found._replace(verdicts=tuple(verdicts))


def test_groups_are_of_one_advice(report: Report) -> None:
    folded = groups(report, report.kernels[0].label, whole=False)
    assert {it.first.advice: len(it.modules) for it in folded} == dict.fromkeys(ADVICE, MANY // 2)
    assert len(groups(report, report.kernels[0].label, whole=True)) == MANY


def test_markdown_names_the_module_of_a_message(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "LIMIT", 0)
    lines = [line for line in markdown.render(report).splitlines() if "To do" in line]
    assert [f"made{at}: reason of made{at}." in line for at, line in enumerate(lines)] == [True, True]
    assert [advice in line for advice, line in zip(ADVICE, lines, strict=True)] == [True, True]


def test_markdown_is_folded_only_if_it_would_exceed_the_limit(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = markdown.render(report)
    monkeypatch.setattr(markdown, "LIMIT", len(whole.encode()))
    assert markdown.render(report) == whole
    monkeypatch.setattr(markdown, "LIMIT", len(whole.encode()) - 1)
    assert len(markdown.render(report)) < len(whole)
