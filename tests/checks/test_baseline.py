"""Known failures must stay exactly those."""

from __future__ import annotations

import pytest

from pymodutils import ModutilsError, Report
from pymodutils.checks import baseline
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
    with pytest.raises(ModutilsError, match="--write-expect makes one"):
        baseline.read(str(desk.folder / "nosuch"))
