"""The documented limits are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from pymodutils.kernel.sources import limits
from tests.fuzz import judge

REPOSITORY = Path(__file__).parents[3]
SECURITY = (REPOSITORY / "docs/security.md").read_text()


def test_the_security_page() -> None:
    rows = re.findall(r"^\| (\w+) \| (\d+) \|", SECURITY, re.MULTILINE)
    assert {name: int(value) for name, value in rows} == limits.DEFAULTS


def test_the_manual_page() -> None:
    page = (REPOSITORY / "man/pymodutils-check.8").read_text()
    listed = re.findall(r"^\.B (\w+)\n[^\n]*\((\d+)\)$", page, re.MULTILINE)
    assert {name: int(value) for name, value in listed} == limits.DEFAULTS


def test_what_counts_as_a_fault_is_what_the_fuzzer_reports() -> None:
    assert f"takes more than {judge.SECONDS} seconds or {judge.MEBIBYTES // 1024} GiB" in SECURITY
    assert limits.DEFAULTS["cpu"] <= judge.SECONDS
