"""Findings about a kernel that has run a module: warnings, taints, and leaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.kernel.emulated.state.taints import LETTERS, MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymodutils.kernel.booted.live import LiveKernel
    from pymodutils.kernel.booted.misuse import Misuse

WARNED: Final = re.compile(r"^(WARNING: .*|BUG: .*|.*refcount_t: .*|list_(?:add|del) corruption.*)")
TOLD: Final = "POECDW"  # taints with findings of their own: of the load, of an oops, of a warning
LEFT: Final = " left behind"
TAINTS: Final = "tainted_mask"  # kernel/panic.c
LOG: Final = "see the full log: pymodutils kernel dmesg --backend machine"


def warned(lines: Iterable[str]) -> Iterator[Finding]:
    """Warnings of the kernel among ``lines`` of its log."""
    for line in dict.fromkeys(filter(WARNED.match, lines)):
        yield Finding(Rule.RUN_WARNING, Severity.WARNING, "init", f"the kernel wrote: {line}", LOG)


def taints(kernel: LiveKernel) -> int:
    """The bits of the taints that ``kernel`` has now."""
    place = kernel.guest.lookup(TAINTS)
    return kernel.guest.machine.space.number(place) if place else 0


def tainted(before: int, after: int) -> Iterator[Finding]:
    """Taints that the code of the module added itself."""
    for bit, letter in enumerate(LETTERS):
        if (after & ~before) >> bit & 1 and letter not in TOLD:
            text = f"it tainted the kernel as it ran ({letter}): {MEANINGS[bit]}"
            yield Finding(Rule.RUN_TAINT, Severity.WARNING, letter, text, Rule.RUN_TAINT.advice)


def leaks(found: Iterable[Misuse]) -> Iterator[Finding]:
    """What a removed module left allocated."""
    for it in found:
        place = f", allocated at {it.allocated}" if it.allocated else ""
        text = f"it has been removed, but has not released {it.what.removesuffix(LEFT)}{place}"
        yield Finding(Rule.RUN_LEAK, Severity.WARNING, "exit", text, Rule.RUN_LEAK.advice)
