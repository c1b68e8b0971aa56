"""The banner for modules that use trace_printk(); kernel/trace/trace.c: trace_printk_init_buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.kern_levels import WARNING

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.load_info import LoadInfo

SECTION: Final = "__trace_printk_fmt"
RULE: Final = "*" * 58
NOTICE: Final = "  NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE NOTICE"
BODY: Final = f"""{NOTICE}

trace_printk() being used. Allocating extra memory.

This means that this is a DEBUG kernel and it is
unsafe for production use.

If you see this message and you are not debugging
the kernel, report this immediately to your vendor!

{NOTICE}"""


def banner(load: LoadInfo) -> None:
    """Log the banner once since boot."""
    at = load.find(SECTION)
    word = load.rules.arch.bits // 8
    if not at or not load.on("TRACEPOINTS") or load.sections[at].sh_size < word:
        return
    if load.state.once(SECTION):
        lines = (f"** {text:<52} **" for text in BODY.splitlines())
        for line in ("", RULE, *lines, RULE):
            load.log(WARNING, line)
