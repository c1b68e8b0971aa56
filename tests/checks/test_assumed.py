"""Every report format mentions an assumed result of init(), and none where it ran."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pymodutils.checks.formats import document, github, junit, markdown, page, sarif
from pymodutils.checks.verdict import ASSUMED, CheckedKernel, Report, Verdict
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
