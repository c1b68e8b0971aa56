"""Firmware requested by modules of a new kernel but not by those of the old one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.checks.context import count, some
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding

if TYPE_CHECKING:
    from pymodutils.preflight.system import System

ENDS: Final = ("", ".xz", ".zst")


def changed(old: System | None, new: System, name: str, folder: str) -> list[Finding]:
    """The finding on the firmware of ``name`` in ``new``; ``folder`` has the firmware, if available.

    A module lists the files of all devices it supports: a missing one is not reported if another is present.
    """
    wanted = new.firmware(name)
    before = set(old.firmware(name)) if old else set()
    fresh = [file for file in wanted if file not in before] if old else []
    if not wanted:
        return []
    if folder:
        absent = [file for file in wanted if not _exists(folder, file)]
        if len(absent) == len(wanted):
            text = f"none of its {count(len(wanted), 'firmware file')} is below {folder}: {some(wanted)}"
            had = bool(before) and not any(_exists(folder, file) for file in before)
            severity = Severity.NOTE if had else Severity.WARNING
            return [_finding(severity, text, absent)]
        fresh = [file for file in fresh if file in absent]
    if not fresh:
        return []
    lacks = ", which are not installed" if folder else ""
    files = count(len(fresh), "firmware file")
    text = f"it may request {files} that it did not before{lacks}: {some(fresh)}"
    return [_finding(Severity.NOTE, text, fresh)]


def _finding(severity: Severity, text: str, files: list[str]) -> Finding:
    advice = "update the firmware packages along with the kernel"
    return Finding(Rule.FIRMWARE, severity, files[0], text, advice, tuple(files))


def _exists(folder: str, name: str) -> bool:
    return any(os.path.exists(f"{folder}/{name}{end}") for end in ENDS)
