"""The HTML page of preflight in a real browser: losses first, reasons visible without a click."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pymodutils import Root
from pymodutils.preflight import page
from pymodutils.preflight.preflight import PreflightRequest, preflight
from pymodutils.profile.profile import Device, LoadedModule, Profile
from tests.checks import browser
from tests.preflight.made import NEW, OLD, Machine

MEASURE = "document.body.dataset.wider = document.documentElement.scrollWidth > innerWidth;"

NARROW = 500  # what a window has at least


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A machine that loses one of its two drivers; the other one needs a third module."""
    machine = Machine(tmp_path / "root")
    machine.both("core", exports="core_add")
    machine.both("stays", "alias=pci:v01*", imports="core_add")
    machine.add(OLD, "goes", "alias=pci:v02*", imports="core_add")
    machine.depmod()
    devices = (Device("pci:v01", "stays", "pci", "stays"), Device("pci:v02", "goes", "pci", "goes"))
    profile = Profile(release=OLD, devices=devices, modules=(LoadedModule("stays", 1, 0),))
    request = PreflightRequest(profile, "/somewhere/laptop<b>.json", [NEW], OLD, cached=False)
    path = tmp_path / "preflight.html"
    path.write_text(page.render(preflight(request, Root(machine.root))))
    return path


def test_it_holds_its_data_and_asks_nobody(report: Path) -> None:
    text = report.read_text()
    assert "/*" not in text
    assert "laptop\\u003cb\\u003e.json" in text
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(src|href)=[\"']|@import|url\(|fetch\(|XMLHttpRequest", text)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_what_breaks_is_seen(report: Path, width: int) -> None:
    dom = browser.dom(report, MEASURE) if width > NARROW else browser.narrow(report, MEASURE, width)
    assert "laptop&lt;b&gt;.json: what would break" in dom
    assert re.findall(r'<span class="chip bad"><a href="#([\w-]+)">(\w+)</a>', dom) == [
        ("reason-0-0", "gone")
    ]
    assert 'id="reason-0-0"' in dom
    assert "6.2.0-made has no goes, and nothing else for 1 device (pci:v02)" in dom
    assert "To do: keep the old kernel" in dom
    assert "<summary>1 need met as before</summary>" in dom
    assert 'data-wider="false"' in dom


@pytest.mark.slow
def test_what_it_was_loaded_with_is_drawn(report: Path) -> None:
    dom = browser.dom(report)
    assert f"Under {OLD} it is loaded with:" in dom
    assert sorted(re.findall(r"<text[^>]*>(\w+)</text>", dom)) == ["core", "goes"]
