"""Messages about symbols that are not exported, not allowed, or exported twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.checks.context import count, some
from pymodutils.checks.messages.places import used
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.kernel.emulated.load.check_modinfo import MODULE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.context import Context
    from pymodutils.kernel.emulated.load.causes import Cause

ERROR: Final = Severity.ERROR
GOT: Final = "_GLOBAL_OFFSET_TABLE_"


def unknown(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Unresolved symbols, and the modules elsewhere that export them."""
    names = [cause.subject for cause in causes]
    if GOT in names:
        text = f"it contains position-independent code, but the kernel has no GOT: {GOT} is undefined"
        advice = f"compile it with -fno-pic, as Kbuild does: {context.rebuild}"
        yield Finding(Rule.UNKNOWN, ERROR, GOT, text, advice, (GOT,))
        names.remove(GOT)
    lost = [name for name in names if not context.providers.exporter(name.encode("utf-8", "surrogateescape"))]
    if lost:
        unresolved = count(len(lost), "symbol")
        text = f"it imports {unresolved} that neither {_exporters(context)} exports: {some(lost)}"
        places = dict.fromkeys(place for name in lost for place in context.elsewhere(name))
        text += f"; exported by {some(list(places))}" if places else ""
        text += f"; dependencies not found: {some(context.absent)}" if context.absent else ""
        uses = used(context, lost[0])
        text, advice = text + uses.text, _where_from(context)
        yield Finding(Rule.UNKNOWN, ERROR, lost[0], text, advice, tuple(lost), source=uses.source)


def _exporters(context: Context) -> str:
    """The kernel and the modules that were searched, after ``neither``."""
    others = "any of its modules" if context.whole else "any given module"
    return f"{context.release} nor {others}"


def _where_from(context: Context) -> str:
    """Advice for unresolved symbols: a module is missing, or the module was built for another kernel."""
    if context.absent:
        lacks = (
            f"; {context.release} is built without {'it' if len(context.absent) == 1 else 'them'}"
            if context.whole
            else ""
        )
        return f"give {some(context.absent)}: --with DIR{lacks}"
    built = context.module.built_for
    other = f"{context.rebuild}, or " if built and built != context.release else ""
    without = "use another interface, or " if context.whole else ""
    return f"{other}{without}give the exporting module: --with DIR"


def gpl_only(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """GPL-only symbols in a module with another licence."""
    names = [cause.subject for cause in causes]
    places = used(context, names[0])
    heir = causes[0].expected
    if heir:
        text = f"it inherits the proprietary taint of {heir}, whose symbols it uses, so it cannot use"
        text += f" {count(len(names), 'GPL-only symbol')}: {some(names)}{places.text}"
        advice = f"use a build of {heir} with a GPL-compatible licence, or avoid its symbols"
        yield Finding(Rule.GPL_ONLY, ERROR, names[0], text, advice, tuple(names), source=places.source)
        return
    licence = context.module.value("license")
    licensed = f"its licence is {licence!r}" if licence else "it has no MODULE_LICENSE"
    text = f"it uses {count(len(names), 'GPL-only symbol')}, but {licensed}: {some(names)}"
    text += places.text
    advice = 'avoid them, or declare MODULE_LICENSE("GPL") if that is its licence'
    yield Finding(Rule.GPL_ONLY, ERROR, names[0], text, advice, tuple(names), source=places.source)


def namespace(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Namespaces that are not imported, with the line to add."""
    del context
    spaces = dict.fromkeys(cause.expected for cause in causes)
    for space in spaces:
        names = [cause.subject for cause in causes if cause.expected == space]
        used = f"{count(len(names), 'symbol')} of the namespace {space}"
        text = f"it uses {used} without importing it: {some(names)}"
        advice = f'add MODULE_IMPORT_NS({space}); to the source (MODULE_IMPORT_NS("{space}"); since 6.13)'
        if space.startswith(MODULE_PREFIX):
            advice = f"do not use it: it is exported only to {space.removeprefix(MODULE_PREFIX)}"
        yield Finding(Rule.NAMESPACE, ERROR, space, text, advice, tuple(names))


def module_namespace(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Namespaces restricted to listed modules, which cannot be imported."""
    del context
    for cause in causes:
        text = f"it imports the namespace {cause.subject}, which is open only to the modules it lists"
        advice = f'remove MODULE_IMPORT_NS("{cause.subject}"): a module in the list needs no import'
        yield Finding(Rule.MODULE_NAMESPACE, ERROR, cause.subject, text, advice)


def proprietary(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """GPL-only symbols used together with those of a proprietary module."""
    del context
    cause = causes[0]
    text = f"it uses GPL-only symbols and {cause.subject} of the proprietary module {cause.owner}"
    advice = f"avoid either the GPL-only symbols or {cause.owner}"
    yield Finding(Rule.PROPRIETARY, ERROR, cause.subject, text, advice)


def duplicate(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Exports that the kernel or a loaded module already has."""
    names = [cause.subject for cause in causes]
    owner = causes[0].owner
    own = owner in ("", "kernel")
    text = f"it exports {count(len(names), 'symbol')} that {'the kernel' if own else owner} already exports"
    text += f": {some(names)}"
    advice = f"do not load it: {context.release} already provides them" if own else f"do not load {owner}"
    yield Finding(Rule.DUPLICATE, ERROR, names[0], text, advice, tuple(names))
