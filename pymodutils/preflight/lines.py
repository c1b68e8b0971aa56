"""Find lines of modprobe.d and of the command line that no longer have an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.names import normalize
from pymodutils.preflight.system import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.preflight.system import System


def stale(old: System | None, new: System) -> Iterator[tuple[str, str, Finding]]:
    """(module, place, finding) for each line that had an effect on ``old`` but has none on ``new``.

    Without ``old``, only lines for modules in ``new`` are examined.
    """
    for line in new.resolver.config.options:
        yield from ((line.module, str(line.place), it) for it in _options(old, new, line.module, line.text))
    for black in new.resolver.config.blacklists:
        name = normalize(black.module)
        if old is not None and old.state(name) != ABSENT and new.state(name) == ABSENT:
            text = f"'blacklist {black.module}' has no effect: {new.label} has no {name}"
            advice = "to keep its devices unused, blacklist the modules that replaced it"
            yield name, str(black.place), Finding(Rule.STALE, Severity.WARNING, name, text, advice)


def _options(old: System | None, new: System, module: str, text: str) -> Iterator[Finding]:
    module = normalize(module)
    names = [word.partition("=")[0] for word in text.split()]
    if new.state(module) == ABSENT:
        if old is not None and old.state(module) != ABSENT:
            what = f"'options {module} {text}' has no effect: {new.label} has no {module}"
            advice = "set the options for the module that replaced it"
            yield Finding(Rule.STALE, Severity.WARNING, module, what, advice)
        return
    known = new.parameters(module)
    for name in names:
        spelled = normalize(name)
        lacking = bool(known) and spelled not in map(normalize, known)
        had = old is None or spelled in map(normalize, old.parameters(module))
        if lacking and had:
            what = f"{module} of {new.label} has no parameter {name}: the kernel ignores it"
            advice = f"remove it; modinfo -p {module} lists the parameters"
            yield Finding(Rule.NO_PARAMETER, Severity.WARNING, name, what, advice)
