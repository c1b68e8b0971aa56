"""Messages about the file itself, its name or its parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils import arch as archs
from pymodutils.checks.context import count
from pymodutils.checks.messages.places import patched
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.context import Context
    from pymodutils.kernel.emulated.load.causes import Cause

ERROR: Final = Severity.ERROR
COMPRESS: Final = {  # format -> how to compress so that the kernel can decompress it
    "gzip": "compress it again with gzip -n",
    "xz": "compress it again with xz --check=crc32 --lzma2=dict=1MiB",
    "zstd": "compress it again with zstd -T0 --rm -f -q",
}
DAMAGED: Final = "build or fetch it again: the file is damaged"
NONZERO: Final = "existing value is nonzero"
NUMBER: Final = re.compile(r"[Rr]elocation(?: type)?:? (\d+)$")  # of a type unknown to the loader
TOO_MANY: Final = re.compile(r": can only take (\d+) arguments$")


def other(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """The kernel's own message, where no other rule applies."""
    line = causes[0].found or (context.trial.log[-1] if context.trial.log else "")
    text = (
        f"the kernel refuses the file: {line}" if line else "the kernel refuses the file and logs no reason"
    )
    if context.module.damage and not line:
        text = f"the file cannot be read: {context.module.damage}"
    damaged = context.module.damage or not context.module.info
    yield Finding(Rule.OTHER, ERROR, "", text, DAMAGED if damaged else context.rebuild)


def compression(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A compressed file that the kernel cannot decompress, although user space may."""
    format_, line = causes[0].subject, causes[0].found
    text = f"the kernel cannot decompress the file: {line}; kmod 31 and later leave that to the kernel"
    text += "" if context.module.damage else ", kmod 30 decompresses it in user space and loads it"
    advice = DAMAGED if context.module.damage else COMPRESS[format_]
    yield Finding(Rule.COMPRESSION, ERROR, format_, text, advice)


def builtin(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """The name of a built-in module."""
    name = causes[0].subject
    text = f"{name} is built into the kernel, so no module can have that name"
    yield Finding(
        Rule.BUILTIN,
        ERROR,
        name,
        text,
        f"use the module that is built into {context.release}, or rename this one",
    )


def present(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """The name of a loaded module."""
    del context
    name = causes[0].subject
    text = f"a dependency that is loaded first has the same name, {name}"
    yield Finding(Rule.PRESENT, ERROR, name, text, "rename one of the two")


def parameter(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Invalid parameter values."""
    kinds = dict(value.partition(":")[::2] for value in context.module.values("parmtype"))
    for cause in causes:
        kind = kinds.get(cause.subject, "")
        text = f"its parameter {cause.subject} {_refusal(context, cause, kind)}"
        advice = f"see its parameters: modinfo -p {context.module.name}"
        yield Finding(Rule.PARAMETER, ERROR, cause.subject, text, advice)


def _refusal(context: Context, cause: Cause, kind: str) -> str:
    for line in context.trial.log:
        most = TOO_MANY.search(line)
        if most:
            return f"accepts at most {count(int(most[1]), 'value')}"
    return f"does not accept {cause.found!r}" + (f": its type is {kind}" if kind else "")


def relocation(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Relocations that cannot be applied."""
    cause = causes[0]
    if NONZERO in cause.found:
        text = f"the file was modified after the build (relocation targets are not zero): {cause.found}"
        advice = "install the module as built; strip only debug information (--strip-debug)"
    elif _is_pic(context, cause.found):
        text = f"it contains position-independent code, but the kernel has no GOT: {cause.found}"
        advice = f"compile it with -fno-pic, as Kbuild does: {context.rebuild}"
    else:
        text = f"a relocation cannot be applied: {cause.found}"
        advice = f"{context.rebuild} with the compiler and options of the kernel (code model, -fno-plt)"
    places = patched(context, cause)
    text += places.text
    yield Finding(Rule.RELOCATION, ERROR, cause.subject, text, advice, source=places.source)


def _is_pic(context: Context, line: str) -> bool:
    """Whether the log line names a relocation type of position-independent code."""
    found = NUMBER.search(line)
    known = (one.got for one in archs.of_machine(context.module.machine))
    return found is not None and any(int(found[1]) in numbers for numbers in known)


def write_exec(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A section that is both writable and executable."""
    del context
    section = causes[0].subject
    text = f"its section {section} is writable and executable, which this kernel refuses"
    yield Finding(Rule.WRITE_EXEC, ERROR, section, text, "put code and data into separate sections")
