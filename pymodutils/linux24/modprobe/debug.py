"""The output of modprobe -d about each module of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pymodutils.linux24.modprobe.stack import Wanted

RULE: Final = "=" * 45
MODES: Final = {"ordinary": "NORMAL", "above": "ABOVE", "below": "BELOW"}


def described(wanted: Wanted) -> str:
    """The lines about ``wanted``."""
    found = wanted.node.path if wanted.node else "<none>"
    lines = [RULE, f"Module {wanted.names[0]}", f"kname {wanted.kname}", f"objkey {wanted.names[-1]}"]
    lines.append(" ".join(["names:", *wanted.names]))
    if wanted.options:
        lines.append(" ".join(["options:", *(word for words in wanted.options for word in words)]))
    lines.append(f"mode: {MODES[wanted.why]}")
    return "\n".join([*lines, f"Module matching {wanted.names[-1]}: {found}", RULE])
