"""Failures that are known: a file that says which, and what differs from it.

A line is MODULE, KERNEL, errno and the rules of its errors (sorted, with commas), with tabs between;
empty lines and those that begin with ``#`` are for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.checks.rules import Severity
from pymodutils.errors import BadLine, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.checks.verdict import Report

Key = tuple[str, str]
HEAD = """\
# Modules that are known not to load: MODULE, KERNEL, ERRNO, RULES, with tabs between.
# Written by 'pymodutils check --write-expect'; 'pymodutils check --expect' holds what it finds against it.
"""
COLUMNS = 4


class Surprises(NamedTuple):
    """How a report differs from what was expected; each a line for people."""

    fails: tuple[str, ...]  # does not load, but was to
    loads: tuple[str, ...]  # loads or is not there, but was not to load
    otherwise: tuple[str, ...]  # does not load, for another reason

    def __bool__(self) -> bool:
        return any(map(len, self))


def failures(report: Report) -> dict[Key, tuple[str, str]]:
    """(errno, rules) of each module and kernel that do not go together."""
    return {
        (verdict.title, verdict.kernel): (
            verdict.error,
            ",".join(sorted({finding.rule for finding in verdict.of(Severity.ERROR)})),
        )
        for verdict in report.failures
    }


def dumps(report: Report) -> str:
    """The file that expects exactly what ``report`` has found."""
    rows = ("\t".join((*key, *value)) for key, value in sorted(failures(report).items()))
    return HEAD + "".join(f"{row}\n" for row in rows)


def read(path: str) -> dict[Key, tuple[str, str]]:
    """The failures that the file ``path`` expects; raises NotFound, or BadLine about a line."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError as error:
        text = f"could not open {path}: {error.strerror}: --write-expect makes one"
        raise NotFound(path, text, error.errno) from None
    found = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) != COLUMNS:
                place = f"{path}:{number}"
                raise BadLine(place, f"{place}: not MODULE, KERNEL, ERRNO and RULES with tabs between")
            found[columns[0], columns[1]] = columns[2], columns[3]
    return found


def compare(report: Report, expected: Mapping[Key, tuple[str, str]]) -> Surprises:
    """What in ``report`` is not as ``expected``."""
    found = failures(report)
    checked = {(verdict.title, verdict.kernel) for verdict in report.verdicts}
    return Surprises(
        tuple(f"{_pair(key)} does not load ({_why(found[key])})" for key in found if key not in expected),
        tuple(
            f"{_pair(key)} was expected not to load, but {'does' if key in checked else 'was not checked'}"
            for key in expected
            if key not in found
        ),
        tuple(
            f"{_pair(key)} does not load for another reason: {_why(found[key])}, not {_why(expected[key])}"
            for key in found
            if key in expected and expected[key] != found[key]
        ),
    )


def _pair(key: Key) -> str:
    return f"{key[0]} on {key[1]}"


def _why(value: tuple[str, str]) -> str:
    return f"{value[0]}: {value[1]}"
