"""Limits of reports, and the places of their findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils import check
from pymodutils.checks.formats import location, markdown
from pymodutils.checks.formats.grouped import groups
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding, Report
from pymodutils.kernel.emulated.load.btf import BtfKind
from tests.checks.btf_made import Made
from tests.checks.made import Desk
from tests.link.objects import Part


def repeated(desk: Desk, good: int, bad: int) -> Report:
    """A report on so many modules."""
    found = desk.report(desk.module("good"), desk.module("bad", versions={"module_layout": 1}))
    fine, broken = found.verdicts[0], found.verdicts[1]
    if not broken.errno:
        fine, broken = broken, fine
    rows = [fine._replace(title=f"good{at}") for at in range(good)]
    rows += [broken._replace(title=f"bad{at}") for at in range(bad)]
    return found._replace(verdicts=tuple(rows))


@pytest.mark.parametrize(
    ("rows", "shown", "left"),  # rows: that load, and that do not
    [
        ((197, 3), 200, ""),
        ((198, 3), 3, "198"),
        ((0, 201), 200, "1"),
        ((900, 201), 200, "901"),
        ((1001, 0), 0, "1,001"),
    ],
)
def test_a_long_table_has_only_failures(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, rows: tuple[int, int], shown: int, left: str
) -> None:
    report = repeated(desk, *rows)
    whole = markdown.render(report)
    monkeypatch.setattr(markdown, "LIMIT", 0)
    text = markdown.render(report)
    assert sum(line.startswith(("| good", "| bad")) for line in text.splitlines()) == shown
    assert (f"\n{left} more modules are not shown." in text) == bool(left)
    assert sum(line.startswith(("| good", "| bad")) for line in whole.splitlines()) == sum(rows)
    assert "are not shown" not in whole


@pytest.mark.parametrize(("messages", "expected"), [(3, [1, 1, 1]), (4, [4])])
def test_more_than_three_messages_of_a_rule_are_one_group(
    desk: Desk, messages: int, expected: list[int]
) -> None:
    report = repeated(desk, messages, 0)
    verdicts = [
        it._replace(findings=(Finding(Rule.OTHER, Severity.ERROR, "", f"reason {at}", "fetch it"),))
        for at, it in enumerate(report.verdicts)
    ]
    found = groups(report._replace(verdicts=tuple(verdicts)), report.kernels[0].label, whole=False)
    assert [len(group.modules) for group in found] == expected
    assert found[0].first.message == "reason 0"
    assert groups(report, "another kernel", whole=False) == []


@pytest.mark.parametrize(
    ("count", "more"), [(20, []), (21, ["1 more difference"]), (23, ["3 more differences"])]
)
def test_twenty_differences_are_listed(desk: Desk, count: int, more: list[str]) -> None:
    """Each a structure of the module's .BTF.base that the kernel lacks."""
    base, kernel = Made(), Made()
    kernel.number()
    for at in range(count):
        base.add(BtfKind.STRUCT, f"lost{at}", 8)
    path = desk.module(versions={"_printk": 7}, parts=[Part(".BTF.base", base.blob(), 0)])
    report = check([path], [desk.kernel(btf=kernel.blob())], cached=False)
    (found,) = (it for it in report.verdicts[0].findings if it.rule == "crc")
    texts = [f"struct lost{at} was removed: 6.1.0-made has none" for at in range(20)]
    assert list(found.types) == [*texts, *more]


def test_a_place_is_a_line_of_a_source_that_is_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = desk.folder / "work", desk.folder / "elsewhere"
    for folder in (inside / "drivers", outside):
        folder.mkdir(parents=True)
        (folder / "a.c").touch()
    monkeypatch.chdir(inside)
    verdict = repeated(desk, 0, 1).verdicts[0]
    module = location.Location(verdict.path, 0)
    for source, expected in {
        "drivers/a.c:12": location.Location("drivers/a.c", 12),
        f"{inside}/drivers/../drivers/a.c:3": location.Location("drivers/a.c", 3),
        "drivers/b.c:12": module,
        "drivers:1": module,
        f"{outside}/a.c:12": module,
        "../elsewhere/a.c:12": module,
        "": module,
    }.items():
        assert location.of(verdict, verdict.findings[0]._replace(source=source)) == expected
    assert location.relative(str(inside / "x")) == "x"
    assert location.relative(str(Path(inside).parent)) == ""
    assert location.relative("..x") == "..x"
