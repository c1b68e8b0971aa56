"""Outcomes of loading a module, and their comparison."""

from __future__ import annotations

from errno import ENOEXEC
from typing import Final, NamedTuple

from tests.kernel.emulated.test_mutants_in_kernels import normal

WARNING: Final = 4
NO_RETURN: Final = -1  # in place of an errno: the call did not return
UNSEEDED: Final = "(____ptrval____)"  # %p in a kernel that has no random bytes yet


class Outcome(NamedTuple):
    """An errno, 0 for success, and the lines of the log from warnings on."""

    errno: int
    lines: list[str]


def same(ours: Outcome, theirs: Outcome) -> bool:
    """Whether both agree, or loaded the module and then ran its damaged code."""
    return _said(ours) == _said(theirs) or _ran(ours, theirs)


def _ran(ours: Outcome, theirs: Outcome) -> bool:
    """Whether both loaded the module, and its damaged code was then patched or run."""
    if ours.errno or theirs.errno == ENOEXEC:
        return False
    if theirs == (NO_RETURN, []):  # the machine ended, and nobody can read its log
        return True
    others = iter(_said(theirs)[1])
    return all(line in others for line in _said(ours)[1])


def _said(outcome: Outcome) -> tuple[int, list[str]]:
    """``outcome`` without printed pointers."""
    errno, lines = normal(list(outcome))
    return errno, [line.replace(UNSEEDED, "POINTER") for line in lines if line]
