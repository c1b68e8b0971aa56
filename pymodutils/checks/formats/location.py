"""The place that a code review shows for a finding: a line of a source, or the module."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pymodutils.checks.verdict import Finding, Verdict


class Location(NamedTuple):
    """A file and a line, 0 without one."""

    path: str
    line: int = 0


def of(verdict: Verdict, finding: Finding) -> Location:
    """The line in a source below the working directory, where the review has it; else the module."""
    path, _, line = finding.source.rpartition(":")
    inside = relative(path) if path else ""
    if inside and os.path.isfile(inside):
        return Location(inside, int(line))
    return Location(verdict.path)


def relative(path: str) -> str:
    """``path`` relative to the working directory; "" if it lies elsewhere."""
    found = os.path.relpath(os.path.abspath(path))
    return "" if found.split(os.sep)[0] == os.pardir else found
