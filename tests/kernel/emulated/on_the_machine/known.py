"""Differences that stay, each with its reason."""

from __future__ import annotations

import re
from typing import Final

from tests.kernel.emulated.on_the_machine.arena import Difference

PATCHED = (  # functions that patch code
    r"missing return thunk|ftrace_(verify_code|bug)|apply_(returns|retpolines|alternatives)"
    r"|(static_call|jump_label)_"
)
KNOWN: Final = {  # what the real kernel says -> why the emulated one does not say it
    PATCHED: (
        "a table of code to patch names what is no such code: the emulated kernel patches only if asked to"
    ),
    r"execmem: unable to allocate memory\nexecmem: unable to allocate memory": (
        "the cache of executable memory asks a second time, for less"
    ),
    r"RIP: \S+:find_kallsyms_symbol": (
        "the tracer looks a function up, and a symbol that does not stay has its name outside of .strtab"
    ),
    r"(?m)^[^ :]{57}": "a name without end is printed with what follows it",
}


def reason(found: Difference) -> str:
    """The known reason for ``found``, or ""."""
    said = "\n".join(found.theirs.lines) if found.theirs else ""
    return next((why for pattern, why in KNOWN.items() if re.search(pattern, said)), "")
