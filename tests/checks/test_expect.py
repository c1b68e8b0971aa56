"""Known failures must stay exactly those."""

from __future__ import annotations

import pytest

from pymodutils import ModutilsError, Report
from pymodutils.checks import expect
from tests.checks.made import Desk


def report(desk: Desk) -> Report:
    return desk.report(desk.module("good"), desk.module("bad", imports=["lost"], versions={"lost": 1}))


def test_what_is_written_expects_what_was_found(desk: Desk) -> None:
    found = report(desk)
    path = desk.file("known", expect.dumps(found).encode())
    assert expect.read(path) == {("bad", "6.1.0-made"): ("ENOENT", "unknown")}
    assert not expect.compare(found, expect.read(path))


def test_each_surprise_is_told(desk: Desk) -> None:
    found = report(desk)
    assert expect.compare(found, {}).fails == ("bad on 6.1.0-made does not load (ENOENT: unknown)",)
    good = {("good", "6.1.0-made"): ("ENOENT", "unknown"), ("bad", "6.1.0-made"): ("ENOEXEC", "crc")}
    surprises = expect.compare(found, good)
    assert surprises.loads == ("good on 6.1.0-made was expected not to load, but does",)
    assert "ENOENT: unknown, not ENOEXEC: crc" in surprises.otherwise[0]


def test_lines_that_cannot_be_read_are_named(desk: Desk) -> None:
    with pytest.raises(ModutilsError, match="known:2: not MODULE, KERNEL"):
        expect.read(desk.file("known", b"# a comment\nbad 6.1\n"))
    with pytest.raises(ModutilsError, match="--write-expect makes one"):
        expect.read(str(desk.folder / "nosuch"))
