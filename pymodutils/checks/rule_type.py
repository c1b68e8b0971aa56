"""The type of check's rules: severity, sentence and advice."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # the module does not load
    WARNING = "warning"  # it loads, with a drawback
    NOTE = "note"  # for information


class RuleType(StrEnum):
    """An enumeration of rules; the value of a rule is its name in every output."""

    sentence: str
    advice: str  # in general; a finding has its own
    severity: Severity  # the usual one; a finding is less severe if the kernel is lenient

    def __new__(
        cls, value: str, sentence: str = "", advice: str = "", severity: Severity = Severity.ERROR
    ) -> Self:
        """The rule named ``value``; the defaults allow lookup by value."""
        rule = str.__new__(cls, value)
        rule._value_ = value
        rule.severity, rule.sentence, rule.advice = severity, sentence, advice
        return rule
