"""The HTML report in a real browser: matrix, filter, details, picture."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pymodutils import check
from pymodutils.checks.formats import page
from tests.checks import browser
from tests.checks.made import Desk

pytestmark = pytest.mark.slow
CHOOSE = "document.querySelectorAll('td.cell')[{}].click();"
FILTER = "by('filter').value = '{}'; by('filter').dispatchEvent(new Event('input'));"


@pytest.fixture
def report(desk: Desk) -> Path:
    exporter = desk.module("exporter", exports=["given"])
    user = desk.module("user", imports=["given"], versions={"given": 0x100})
    bad = desk.module("bad", imports=["lost</script><b>&"], versions={"lost": 1})
    path = desk.folder / "report.html"
    path.write_text(page.render(desk.report(exporter, user, bad)))
    return path


def cells(dom: str) -> list[str]:
    return re.findall(r'<td class="cell[^>]*><span class="chip \w+">([^<]*)</span>', dom)


def test_the_matrix_has_every_verdict(report: Path) -> None:
    dom = browser.dom(report)
    assert cells(dom) == ["loads", "loads", "unknown"]
    assert '<b class="good">2</b> of 3 load: 3 modules, 1 kernel.' in dom


def test_the_reasons_are_seen_without_a_click(report: Path) -> None:
    dom = browser.dom(report)
    assert re.findall(r'<em>(\w+)</em> <span class="names">(\w+)</span>', dom) == [("unknown", "bad")]
    assert "To do: give the exporting module: --with DIR" in dom
    back = f"{CHOOSE.format(0)} document.querySelector('aside button').click();"
    assert "<em>unknown</em>" not in browser.dom(report, CHOOSE.format(0))
    assert "<em>unknown</em>" in browser.dom(report, back)


def test_types_that_changed_are_listed(desk: Desk) -> None:
    report = desk.report(desk.module("bad", versions={"module_layout": 1}))
    first, *rest = report.verdicts[0].findings
    types = tuple(f"struct t{at}: size 1 -> 2" for at in range(7))
    verdict = report.verdicts[0]._replace(findings=(first._replace(types=types), *rest))
    path = desk.folder / "types.html"
    path.write_text(page.render(report._replace(verdicts=(verdict,))))
    dom = browser.dom(path)
    assert re.findall(r"<li>struct t(\d): size 1 -&gt; 2</li>", dom) == list("0123456")
    assert "<summary>2 more differences between types</summary>" in dom


def test_the_filter_finds_names_and_reasons(report: Path) -> None:
    assert cells(browser.dom(report, FILTER.format("USER"))) == ["loads"]
    assert cells(browser.dom(report, FILTER.format("that neither"))) == ["unknown"]
    assert 'data-found="0"' in browser.dom(report, FILTER.format("nothing like it"))
    only_bad = "by('show').value = 'bad'; by('show').dispatchEvent(new Event('input'));"
    assert cells(browser.dom(report, only_bad)) == ["unknown"]


def test_details_tell_reason_advice_and_log(report: Path) -> None:
    dom = browser.dom(report, CHOOSE.format(2))
    assert '<div class="finding error"><div><em>unknown</em>' in dom
    assert "<p>The kernel refuses it with ENOENT.</p>" in dom
    assert "lost&lt;/script&gt;&lt;b&gt;&amp;" in dom
    assert "To do: give the exporting module: --with DIR" in dom
    assert "<pre>bad: Unknown symbol lost" in dom


def test_what_it_needs_is_drawn(report: Path) -> None:
    dom = browser.dom(report, CHOOSE.format(1))
    assert re.findall(r"<text[^>]*>(\w+)</text>", dom) == ["exporter", "user"]
    assert dom.count("<path ") == 1


MEASURE = """
const place = by("details").getBoundingClientRect(), root = document.documentElement;
root.dataset.seen = Math.round(Math.min(innerHeight, place.bottom) - Math.max(0, place.top));
root.dataset.wider = root.scrollWidth > innerWidth;
"""


@pytest.mark.parametrize("size", ["1400,900", "800,900", "500,700"])
def test_details_are_seen_beside_the_matrix_in_any_window(desk: Desk, size: str) -> None:
    path = desk.folder / "many.html"
    modules = [
        desk.module(f"module_with_a_long_name_{at:02}", versions={"module_layout": 1}) for at in range(40)
    ]
    kernels = [desk.kernel(f"kernel-of-some-release-{at}") for at in range(4)]
    path.write_text(page.render(check(modules, kernels, cached=False)))
    dom = browser.dom(path, CHOOSE.format(1) + MEASURE, size)
    [seen] = re.findall(r'data-seen="(-?\d+)"', dom)
    assert int(seen) > 200
    assert 'data-wider="false"' in dom


def test_nothing_is_cut_off_on_a_telephone(report: Path) -> None:
    wider = "document.body.dataset.wider = document.documentElement.scrollWidth > innerWidth;"
    dom = browser.narrow(report, wider)
    assert 'data-wider="false"' in dom
    assert "<em>unknown</em>" in dom


def test_it_asks_nobody_for_anything(report: Path) -> None:
    text = report.read_text()
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(src|href)=|@import|url\(|fetch\(|XMLHttpRequest", text)
