"""Exit statuses, formats and output files of the commands that judge modules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from pymodutils.checks.rule_type import Severity
from pymodutils.commands.getopt import Tool, raise_usage
from pymodutils.errors import Exit, ModutilsError, described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.checks.verdict import Report

USAGE: Final = 2  # exit status for a malformed command line or input


class Verdicts(Tool):
    """A tool that exits with 1 for a bad verdict, and with 2 on failure."""

    def call(self, prog: str, path: str, words: Sequence[str]) -> int:
        """The exit status of the command with ``words``."""
        try:
            return super().call(prog, path, words)
        except Exit as leave:
            return USAGE if leave.status else 0
        except BrokenPipeError:
            raise
        except (ModutilsError, OSError, EOFError) as error:
            text = described(error) if isinstance(error, OSError) else str(error)
            sys.stdout.flush()
            sys.stderr.write(f"{prog}: ERROR: {text}\n")
            return USAGE


def outputs(formats: Sequence[str], paths: Sequence[str], prog: str) -> list[tuple[str, str | None]]:
    """Each format with its file, None for standard output."""
    formats = formats or ("text",)
    if len(paths) > len(formats) or (len(formats) > 1 and len(paths) < len(formats)):
        raise_usage(prog, "give each --format its own -o FILE; '-o -' prints")
    named = [None if path == "-" else path for path in paths]
    return list(zip(formats, named or [None], strict=True))


def status_of(report: Report, fail_on: str) -> int:
    """The exit status for ``report``: 1 if something is as bad as ``fail_on``."""
    if fail_on == "never":
        return 0
    failed = any(not report.expects(verdict) for verdict in report.failures)
    warned = fail_on == "warning" and any(verdict.of(Severity.WARNING) for verdict in report.verdicts)
    return int(failed or warned)
