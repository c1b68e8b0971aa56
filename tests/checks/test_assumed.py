"""Every report format mentions an assumed result of init(), and none where it ran."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pymodutils.checks.formats import document, github, junit, markdown, page, sarif
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import ASSUMED, CheckedKernel, Finding, Report, Verdict
from pymodutils.commands import check_text, output

KERNEL = CheckedKernel("6.1", "6.1", "vmlinuz", "x86_64", 1, ())
FORMATS: dict[str, Callable[[Report], str]] = {
    "github": github.render,
    "junit": junit.render,
    "markdown": lambda report: markdown.render(report).replace("\\", ""),
    "html": page.render,
    "json": lambda report: output.json_text(document.document(report)),
    "sarif": lambda report: output.json_text(sarif.document(report)),
}


def report(*, ran: bool, errno: int = 0) -> Report:
    return Report((KERNEL,), (Verdict("x", "x", "x.ko", "6.1", errno, (), (), (), ran),))


@pytest.mark.parametrize("form", FORMATS)
def test_each_format(form: str) -> None:
    words = '"init": "assumed"' if form == "json" else ASSUMED
    assert words in FORMATS[form](report(ran=False))
    assert words not in FORMATS[form](report(ran=True))


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    check_text.print_text(report(ran=False), whole=False)
    assert ASSUMED in capsys.readouterr().out
    check_text.print_text(report(ran=True), whole=False)
    assert ASSUMED not in capsys.readouterr().out


def test_nothing_is_assumed_of_what_does_not_load() -> None:
    assert not report(ran=False, errno=8).assumed


def asked(*whys: str) -> str:
    notes = [Finding(Rule.RUN, Severity.NOTE, "init", text) for text in whys]
    verdicts = (
        Verdict(name, name, f"{name}.ko", "6.1", 0, (), (), (note,), ran=not note.message.startswith("not"))
        for name, note in zip("abcdef", notes, strict=False)
    )
    return Report((KERNEL,), tuple(verdicts), ran=True).assumed


def test_with_run_it_says_what_was_not_run_and_why() -> None:
    assert asked("init returned 0") == ""
    start = "init() of b was not run, and is assumed to return 0"
    assert asked("init returned 0", "not run: no image") == f"{start}: no image"
    several = asked(*["not run: no image"] * 4, "not run: no unicorn")
    assert several == (
        "init() of a, b, c and 2 more was not run, and is assumed to return 0: see the findings of rule run"
    )
