"""Messages about modules built for another machine, release or configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.checks.context import count, some
from pymodutils.checks.messages.places import used
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.load.check_version import LAYOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.context import Context
    from pymodutils.kernel.emulated.load.causes import Cause

ERROR: Final = Severity.ERROR
SUFFIXES: Final = "-+"


def machine(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Built for another architecture."""
    ours = Description(machine=context.module.machine).arch or f"machine {causes[0].subject}"
    theirs = context.target.kernel.arch or causes[0].expected
    text = f"it is built for {ours}, the kernel for {theirs}"
    yield Finding(Rule.MACHINE, ERROR, ours, text, f"build it for {theirs}, with {context.headers}")


def vermagic(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Vermagic mismatch: the words that differ."""
    found, expected = causes[0].found, causes[0].expected
    if not found:
        text = "it has no vermagic, which this kernel requires (no CONFIG_MODULE_FORCE_LOAD)"
        yield Finding(Rule.VERMAGIC, ERROR, "", text, context.rebuild)
        return
    ours, theirs = found.split(" "), expected.split(" ")
    parts = [_releases(ours[0], theirs[0])] if ours[0] != theirs[0] else []
    lacking = [word for word in theirs[1:] if word not in ours[1:]]
    extra = [word for word in ours[1:] if word not in theirs[1:]]
    parts += [f"the kernel is built with {some(lacking)}, the module without"] if lacking else []
    parts += [f"the module is built with {some(extra)}, the kernel without"] if extra else []
    yield Finding(Rule.VERMAGIC, ERROR, ours[0], "; ".join(parts), context.rebuild)


def _releases(ours: str, theirs: str) -> str:
    text = f"it is built for {ours}, the kernel is {theirs}"
    base = [_base(release) for release in (ours, theirs)]
    same = f": the same {base[0]} with a different suffix (CONFIG_LOCALVERSION, or a modified git tree)"
    return text + (same if base[0] == base[1] else "")


def _base(release: str) -> str:
    for sign in SUFFIXES:
        release = release.partition(sign)[0]
    return release


def crc(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """CRC mismatch: how many symbols, the first ones, and the likely cause."""
    names = [cause.subject for cause in causes]
    shown = [name for name in names if name != LAYOUT] or names
    total = len(context.expects) or len(names)
    text = f"{len(names):,} of the {count(total, 'symbol')} it imports {_has(names)} in this kernel: "
    text += f"{some(shown)} ({_both(causes[names.index(shown[0])])})"
    text += f"; {_layout(context)}" if LAYOUT in names else ""
    owners = sorted({cause.owner for cause in causes if cause.owner})
    text += f"; some of them are exported by {some(owners)}" if owners else ""
    places = used(context, shown[0])
    text += places.text
    advice = _instead(context, owners)
    yield Finding(Rule.CRC, ERROR, shown[0], text, advice, tuple(names), source=places.source)


def _has(names: Sequence[str]) -> str:
    return "has a different CRC" if len(names) == 1 else "have different CRCs"


def _both(cause: Cause) -> str:
    return f"{cause.subject}: {cause.found} in the module, {cause.expected} in {cause.owner or 'the kernel'}"


def _layout(context: Context) -> str:
    built = context.module.built_for
    if built == context.release:
        return (
            "module_layout is among them although the release is the same: "
            "the kernel was configured or patched differently from the headers of the build"
        )
    return f"module_layout is among them: it is built for {built or 'another kernel'}"


def _instead(context: Context, owners: Sequence[str]) -> str:
    fitting = [label for label in context.agreeing() if label != context.target.label]
    known = f"; this build matches {some(fitting)}" if fitting else ""
    return context.rebuild + (f" and the Module.symvers of {some(owners)}" if owners else "") + known


def unversioned(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Imports without a CRC."""
    names = [cause.subject for cause in causes]
    text = f"it has no CRC for {count(len(names), 'symbol')} it imports: {some(names)}"
    advice = (
        f"{context.rebuild}, with the Module.symvers of the modules that export them (KBUILD_EXTRA_SYMBOLS)"
    )
    yield Finding(Rule.UNVERSIONED, ERROR, names[0], text, advice, tuple(names))


def struct_module(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Size mismatch of struct module."""
    found, expected = causes[0].found, causes[0].expected
    text = f"{module_sizes(found, expected)}: {_differs(context)}"
    yield Finding(Rule.STRUCT_MODULE, ERROR, "", text, context.rebuild)


def module_sizes(ours: str, theirs: str) -> str:
    """The two sizes of struct module, in bytes."""
    return f"its struct module is {ours} bytes, the kernel's is {theirs}"


def _differs(context: Context) -> str:
    built = context.module.built_for
    if built and built != context.release:
        return _releases(built, context.release)
    return "the kernel was configured differently from the headers of the build"


def no_crcs(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Exports without CRCs."""
    del causes
    text = "it exports symbols without CRCs, which this kernel requires"
    yield Finding(Rule.NO_CRCS, ERROR, "", text, f"{context.rebuild} with CONFIG_MODVERSIONS=y")


def no_flags(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Exports without flags."""
    del causes
    text = "it exports symbols without __kflagstab, which kernels from 7.0 on require"
    yield Finding(Rule.NO_FLAGS, ERROR, "", text, context.rebuild)


def livepatch(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A live patch for a kernel without CONFIG_LIVEPATCH."""
    del causes
    text = "it is a live patch, but the kernel is built without CONFIG_LIVEPATCH"
    advice = f"use a kernel with CONFIG_LIVEPATCH, or update {context.release}"
    yield Finding(Rule.LIVEPATCH, ERROR, "", text, advice)
