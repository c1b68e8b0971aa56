"""Expected failures: neither more nor fewer."""

from __future__ import annotations

import pytest

from pymodutils import ModutilsError, Report
from pymodutils.checks import baseline
from pymodutils.checks.formats import document, github, junit, markdown, sarif
from pymodutils.checks.rules import Rule
from tests.checks.made import Desk


def report(desk: Desk) -> Report:
    return desk.report(desk.module("good"), desk.module("bad", imports=["lost"], versions={"lost": 1}))


def test_what_is_written_expects_what_was_found(desk: Desk) -> None:
    found = report(desk)
    path = desk.file("known", baseline.dumps(found).encode())
    assert baseline.read(path) == {("bad", "6.1.0-made"): ("ENOENT", "unknown")}
    assert not baseline.compare(found, baseline.read(path))


def test_each_surprise_is_told(desk: Desk) -> None:
    found = report(desk)
    assert baseline.compare(found, {}).fails == ("bad on 6.1.0-made does not load (ENOENT: unknown)",)
    good = {("good", "6.1.0-made"): ("ENOENT", "unknown"), ("bad", "6.1.0-made"): ("ENOEXEC", "crc")}
    surprises = baseline.compare(found, good)
    assert surprises.loads == ("good on 6.1.0-made was expected not to load, but does",)
    assert "ENOENT: unknown, not ENOEXEC: crc" in surprises.otherwise[0]


def test_lines_that_cannot_be_read_are_named(desk: Desk) -> None:
    with pytest.raises(ModutilsError, match="known:2: not MODULE, KERNEL"):
        baseline.read(desk.file("known", b"# a comment\nbad 6.1\n"))
    with pytest.raises(ModutilsError, match="--write-expect creates it"):
        baseline.read(str(desk.folder / "nosuch"))


@pytest.mark.parametrize(
    "title", ["a\nb", "a\fb", "#a", "a\tb", "a\\b", "a\\x41", "a\x85b", "a\u2028b", "\udc80", "a\rb", " a "]
)
def test_any_name_comes_back(title: str, desk: Desk) -> None:
    found = report(desk)
    verdicts = tuple(it._replace(title=title) if it.module == "bad" else it for it in found.verdicts)
    kernels = (found.kernels[0]._replace(label="6.1 [x]*?"),)
    renamed = Report(kernels, tuple(it._replace(kernel="6.1 [x]*?") for it in verdicts))
    path = desk.file("known", baseline.dumps(renamed).encode("utf-8", "surrogateescape"))
    listed = baseline.read(path)
    assert len(listed) == 1
    assert not baseline.compare(renamed, listed)
    assert baseline.known(renamed, listed) == {(title, "6.1 [x]*?")}


def test_a_pattern_means_every_kernel_that_it_matches(desk: Desk) -> None:
    found = report(desk)
    listed = {("bad", "6.*"): ("ENOENT", "unknown"), ("good", "7.*"): ("ENOENT", "unknown")}
    assert not baseline.compare(found, listed)  # no kernel of the second line is checked
    assert baseline.known(found, listed) == {("bad", "6.1.0-made")}
    assert baseline.compare(found, {("gone", "6.*"): ("ENOENT", "unknown"), **listed}).loads


def test_expected_failures_are_marked_in_every_format(desk: Desk) -> None:
    found = report(desk)
    listed = {("bad", "*"): ("ENOENT", "unknown")}
    known = found._replace(expected=baseline.known(found, listed))
    assert 'failures="0" errors="0" skipped="1"' in junit.render(known)
    assert "<skipped>expected: ENOENT" in junit.render(known)
    assert "<failure" not in junit.render(known)
    assert "<failure" in junit.render(found)
    results = sarif.document(known)["runs"][0]["results"]
    assert [it["suppressions"] != [] for it in results] == [it["level"] == "error" for it in results]
    assert "::error" in github.render(found)
    assert "::error" not in github.render(known)
    assert "ENOENT: unknown (expected) |" in markdown.render(known)
    assert "**unknown** (expected) bad: " in markdown.render(known)
    assert "\N{CROSS MARK}" not in markdown.render(known)
    assert "\N{CROSS MARK} **unknown** bad: " in markdown.render(found)
    assert [it["expected"] for it in document.document(known)["verdicts"]] == [False, True]


def test_rules_that_are_not_reported_are_not_expected_either(desk: Desk) -> None:
    """--ignore applies to the file too: ignored rules are removed from lines, empty lines do not count."""
    listed = {("bad", "*"): ("ENOENT", "crc,unknown")}
    found = report(desk)
    assert baseline.compare(found, listed).otherwise
    assert not baseline.compare(found.only({*Rule} - {Rule.CRC}), listed)
    ignoring = found.only({*Rule} - {Rule.CRC, Rule.UNKNOWN})
    assert not baseline.compare(ignoring, listed)
    assert not baseline.compare(ignoring, {})
    assert [ignoring.excuse(it) for it in ignoring.verdicts] == ["", "ignored"]
    assert 'failures="0" errors="0" skipped="1"' in junit.render(ignoring)
