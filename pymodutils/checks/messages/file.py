"""Words for what is wrong with the file itself, its name or what it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.checks.rules import Rule, Severity
from pymodutils.checks.verdict import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.context import Context
    from pymodutils.kernel.emulated.load.causes import Cause

ERROR: Final = Severity.ERROR
COMPRESS: Final = {  # the kernel's formats -> how to make a file that its decompressors take
    "gzip": "compress it anew: gzip -n",
    "xz": "compress it anew: xz --check=crc32 --lzma2=dict=1MiB",
    "zstd": "compress it anew: zstd -T0 --rm -f -q",
}
NONZERO: Final = "existing value is nonzero"


def other(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Whatever the kernel says."""
    said = causes[0].said or (context.trial.log[-1] if context.trial.log else "")
    text = f"the kernel does not take the file: {said}" if said else "the kernel does not take the file"
    advice = (
        "build or fetch it again: the file is damaged"
        if context.module.damage or not context.module.info
        else ""
    )
    yield Finding(Rule.OTHER, ERROR, "", text, advice or "see the kernel's own words below")


def compression(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A compressed file that user space may read and the kernel does not."""
    format_, said = causes[0].subject, causes[0].said
    text = f"the kernel cannot decompress the file: {said}; modprobe of kmod 31 and later has it do so"
    text += "" if context.module.damage else ", that of kmod 30 decompresses the file itself and loads it"
    advice = "build or fetch it again: the file is damaged" if context.module.damage else COMPRESS[format_]
    yield Finding(Rule.COMPRESSION, ERROR, format_, text, advice)


def builtin(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A name that is built in."""
    name = causes[0].subject
    text = f"{name} is built into the kernel, so no module can have that name"
    yield Finding(Rule.BUILTIN, ERROR, name, text, f"use what {context.release} has, or rename the module")


def present(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A name that is taken."""
    del context
    name = causes[0].subject
    text = f"a module called {name} had to be loaded before it"
    yield Finding(Rule.PRESENT, ERROR, name, text, "rename one of them")


def parameter(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Values that parameters do not take."""
    kinds = dict(value.partition(":")[::2] for value in context.module.values("parmtype"))
    for cause in causes:
        kind = kinds.get(cause.subject, "")
        text = f"its parameter {cause.subject} does not take {cause.said!r}" + (
            f": it is of type {kind}" if kind else ""
        )
        advice = f"see what it takes: modinfo -p {context.module.name}"
        yield Finding(Rule.PARAMETER, ERROR, cause.subject, text, advice)


def relocation(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """What cannot be linked."""
    cause = causes[0]
    if NONZERO in cause.said:
        text = f"the file was changed after it was linked, places to be filled are not empty: {cause.said}"
        advice = "build it again and install what the build made: no strip but --strip-debug, no second link"
    else:
        text = f"it cannot be linked: {cause.said}"
        advice = (
            f"{context.rebuild} with the compiler and options of the kernel (code model, -fno-pic, -fno-plt)"
        )
    yield Finding(Rule.RELOCATION, ERROR, cause.subject, text, advice)


def write_exec(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A section with both flags."""
    del context
    section = causes[0].subject
    text = f"its section {section} can be written and executed, which this kernel refuses"
    yield Finding(Rule.WRITE_EXEC, ERROR, section, text, "give the section one of both flags only")
