r"""Known failures: the file that lists them, and a report's differences from it.

A line is MODULE, KERNEL, errno and the rules of its errors (sorted, with commas), separated by tabs.
KERNEL may be an fnmatch pattern. Control characters and backslashes are written \xNN, so that no name
breaks a line; empty lines and lines that begin with ``#`` are comments.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.checks.rule_type import Severity
from pymodutils.errors import BadLine, NotFound
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymodutils.checks.verdict import Report

Key = tuple[str, str]
HEAD = """\
# Known failures: MODULE, KERNEL, ERRNO and RULES, separated by tabs.
# Written by 'pymodutils check --write-expect'; 'pymodutils check --expect' compares its results with them.
"""
COLUMNS = 4
UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\]|^#")


class Surprises(NamedTuple):
    """The differences between a report and its baseline, one line each."""

    fails: tuple[str, ...]  # does not load, unexpectedly
    loads: tuple[str, ...]  # loads or is missing, unexpectedly
    otherwise: tuple[str, ...]  # does not load, for another reason

    def __bool__(self) -> bool:
        return any(map(len, self))


def failures(report: Report) -> dict[Key, tuple[str, str]]:
    """(errno, rules) by module and kernel for each failure, without the rules that are not reported."""
    found = {
        (verdict.title, verdict.kernel): (verdict.error, {it.rule for it in verdict.of(Severity.ERROR)})
        for verdict in report.failures
    }
    return {key: (name, ",".join(sorted(rules))) for key, (name, rules) in found.items() if rules}


def dumps(report: Report) -> str:
    """The baseline file for the failures of ``report``."""
    rows = ((title, _literal(kernel), *why) for (title, kernel), why in sorted(failures(report).items()))
    return HEAD + "".join("\t".join(map(_escaped, row)) + "\n" for row in rows)


def _literal(kernel: str) -> str:
    """The pattern that matches only ``kernel``."""
    return re.sub(r"[*?[]", r"[\g<0>]", kernel)


def _escaped(text: str) -> str:
    """``text`` with escapes for what would end a column or line, or start a comment."""
    return UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), text)


def read(path: str) -> dict[Key, tuple[str, str]]:
    """The failures listed in the file ``path``; raises NotFound, or BadLine for a malformed line."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n", opener=opener) as file:
            lines = file.read().split("\n")
    except OSError as error:
        text = f"could not open {path}: {error.strerror}: --write-expect creates it"
        raise NotFound(path, text, error.errno) from None
    found = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) != COLUMNS:
                place = f"{path}:{number}"
                raise BadLine(place, f"{place}: not MODULE, KERNEL, ERRNO and RULES separated by tabs")
            module, kernel, name, rules = map(_unescaped, columns)
            found[module, kernel] = name, rules
    return found


def compare(report: Report, listed: Mapping[Key, tuple[str, str]]) -> Surprises:
    """The differences between ``report`` and ``listed``; entries for unchecked kernels are ignored."""
    found, expected = failures(report), _of(report, listed)
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


def known(report: Report, listed: Mapping[Key, tuple[str, str]]) -> frozenset[Key]:
    """The failures of ``report`` that match ``listed``."""
    expected = _of(report, listed)
    return frozenset(key for key, why in failures(report).items() if expected.get(key) == why)


def _of(report: Report, listed: Mapping[Key, tuple[str, str]]) -> dict[Key, tuple[str, str]]:
    """``listed`` expanded to the kernels of ``report``, with only the rules that it reports.

    The last line that matches a module and a kernel takes precedence.
    """
    found = {}
    for (module, pattern), (name, rules) in listed.items():
        reported = ",".join(rule for rule in rules.split(",") if rule in report.rules)
        for kernel in report.kernels:
            if reported and fnmatchcase(kernel.label, pattern):
                found[module, kernel.label] = name, reported
    return found


def _pair(key: Key) -> str:
    return f"{key[0]} on {key[1]}"


def _why(value: tuple[str, str]) -> str:
    return f"{value[0]}: {value[1]}"
