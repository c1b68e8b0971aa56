"""Warnings and notes about modules, one function each."""

from __future__ import annotations

import os
from errno import ENOEXEC
from typing import TYPE_CHECKING, Final

from pymodutils.checks.context import count, some
from pymodutils.checks.messages import build, signatures
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.elf.facts import listed
from pymodutils.kernel.emulated.load.causes import CauseKind
from pymodutils.kernel.emulated.state.taints import LETTERS, MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from pymodutils.checks.context import Context
    from pymodutils.kernel.emulated.load.causes import Cause

    Warn = Callable[[Context], Iterator[Finding]]

WARNING, NOTE = Severity.WARNING, Severity.NOTE
FIRMWARE: Final = ("", ".xz", ".zst")  # suffixes under which a kernel looks for a firmware file
BAD_TAINTS: Final = "PFSRCX"
UNTRUSTED: Final = "PFR"
SIGNING: Final = "E"  # has its own rules
SIGNATURES: Final = {
    CauseKind.UNSIGNED: signatures.unsigned,
    CauseKind.UNKNOWN_KEY: signatures.unknown_key,
    CauseKind.CRYPTO: signatures.crypto,
}
NOT_THE_REASON: Final = {
    CauseKind.UNSIGNED: "the missing signature",
    CauseKind.UNKNOWN_KEY: "the unknown key",
}
REJECTED: Final = "that would be 'Key was rejected by service'"
VERIFICATION: Final = "module verification failed"  # start of a misleading log line


def warnings(context: Context) -> Iterator[Finding]:
    """The warnings and notes about the module of ``context``."""
    for warn in (*ALWAYS, *(LOADED if not context.trial.errno else REFUSED)):
        yield from warn(context)


def _taints(context: Context) -> Iterator[Finding]:
    letters = [letter for letter in context.trial.taints if letter != SIGNING]
    for letter in letters:
        severity = WARNING if letter in BAD_TAINTS else NOTE
        meaning = MEANINGS[LETTERS.index(letter)]
        advice = "expect bug reports from a tainted kernel to be declined" if letter in UNTRUSTED else ""
        text = f"it taints the kernel ({letter}): {meaning}{_inherited(context) if letter == 'P' else ''}"
        yield Finding(Rule.TAINT, severity, letter, text, advice)


def _inherited(context: Context) -> str:
    """The module whose proprietary taint it inherits, if it is not proprietary itself."""
    found = _passing(context, (CauseKind.PROPRIETARY,))
    return f", inherited from {found[0].owner}" if found else ""


def _signing(context: Context) -> Iterator[Finding]:
    for cause in _passing(context, SIGNATURES):
        yield from SIGNATURES[cause.kind](context, [cause])


def _not_signing(context: Context) -> Iterator[Finding]:
    """ENOEXEC and the log line about verification are often mistaken for a signature problem."""
    suspected = context.trial.errno == ENOEXEC or any(VERIFICATION in line for line in context.trial.log)
    if not suspected or any(cause.kind is CauseKind.MACHINE for cause in context.trial.causes):
        return
    for cause in _passing(context, NOT_THE_REASON):
        text = f"{NOT_THE_REASON[cause.kind]} is not the reason for the refusal: {REJECTED}"
        yield Finding(Rule(cause.kind.value), NOTE, "", text)


def _passing(context: Context, kinds: Container[CauseKind]) -> list[Cause]:
    """The causes of these kinds for which the kernel did not refuse the module."""
    return [cause for cause in context.trial.causes if cause.passes and cause.kind in kinds]


def _parameters(context: Context) -> Iterator[Finding]:
    known = [value.partition(":")[0] for value in context.module.values("parmtype")]
    for cause in _passing(context, (CauseKind.NO_PARAMETER,)):
        text = f"it has no parameter {cause.subject}: the kernel ignores it"
        has = f"omit it: {f'its parameters are {some(known)}' if known else 'it has no parameters'}"
        yield Finding(Rule.NO_PARAMETER, WARNING, cause.subject, text, has)


def _firmware(context: Context) -> Iterator[Finding]:
    if not context.firmware:
        return
    wanted = context.module.values("firmware")
    places = {name: [f"{context.firmware}/{name}{end}" for end in FIRMWARE] for name in wanted}
    absent = [name for name in wanted if not any(map(os.path.exists, places[name]))]
    if absent:
        are = "is" if len(absent) == 1 else "are"
        text = f"{len(absent)} of its {count(len(wanted), 'firmware file')} {are} missing: {some(absent)}"
        advice = f"install the package that provides them in {context.firmware}"
        yield Finding(Rule.FIRMWARE, WARNING, absent[0], text, advice, tuple(absent))


def _aliases(context: Context) -> Iterator[Finding]:
    claimants = context.others.claimants
    found: dict[str, list[str]] = {}
    for alias in listed(context.module.facts.aliases):
        for name in claimants.get(alias, ()):
            found.setdefault(name, []).append(alias.decode("utf-8", "surrogateescape"))
    found.pop(context.module.name, None)
    for name, aliases in found.items():
        text = f"the kernel's module {name} shares {len(aliases)} of its aliases: {some(aliases)}"
        advice = f"blacklist {name} to have this module loaded"
        yield Finding(Rule.ALIAS, WARNING, name, text, advice, tuple(aliases))


def _builtin(context: Context) -> Iterator[Finding]:
    if context.module.name in context.builtins:
        text = f"{context.module.name} is built into {context.release}: modprobe never loads this one"
        yield Finding(Rule.BUILTIN, WARNING, context.module.name, text, "rename the module, or drop it")


def _replaces(context: Context) -> Iterator[Finding]:
    if context.module.name in context.others.by_name:
        text = f"the kernel has its own module {context.module.name}"
        advice = "depmod prefers the one in updates/ (see depmod.d)"
        yield Finding(Rule.REPLACES, NOTE, context.module.name, text, advice)


def _softdeps(context: Context) -> Iterator[Finding]:
    words = [word for line in context.module.values("softdep") for word in line.split()]
    names = dict.fromkeys(word for word in words if word not in ("pre:", "post:"))
    lost = [name for name in names if not _at_hand(context, name)]
    if lost and (context.tree or context.builtins):
        text = f"{len(lost)} of its soft dependencies cannot be resolved: {some(lost)}"
        advice = "modprobe skips them: check whether the module works without them them them"
        yield Finding(Rule.SOFTDEP, NOTE, lost[0], text, advice, tuple(lost))


def _at_hand(context: Context, name: str) -> bool:
    spelled = name.replace("-", "_")
    if ":" in name or spelled in context.builtins or context.providers.named(spelled):
        return True
    alias = name.encode("utf-8", "surrogateescape")
    return any(pool.claimants.get(alias) for pool in context.providers.pools)


def _modinfo(context: Context) -> Iterator[Finding]:
    if context.module.info and context.module.value("license") is None:
        text = "it has no MODULE_LICENSE, so it counts as proprietary"
        yield Finding(Rule.MODINFO, WARNING, "license", text, 'declare it, for example MODULE_LICENSE("GPL")')
    if (
        context.module.info
        and context.module.value("description") is None
        and context.module.value("intree") is None
    ):
        text = "it has no MODULE_DESCRIPTION; modpost from 6.11 on warns about that"
        yield Finding(Rule.MODINFO, NOTE, "description", text, "add a MODULE_DESCRIPTION")


def _struct(context: Context) -> Iterator[Finding]:
    ours, theirs = context.module.struct, context.target.kernel.module_size
    if ours and theirs and ours != theirs:
        text = f"{build.module_sizes(str(ours), str(theirs))}: this kernel does not compare them"
        yield Finding(Rule.STRUCT_MODULE, WARNING, "", text, context.rebuild)


def _collisions(context: Context) -> Iterator[Finding]:
    owners: dict[str, list[str]] = {}
    for symbol in context.module.exports:
        owner = context.providers.exporter(symbol)
        if owner and owner.name != context.module.name:
            owners.setdefault(owner.name, []).append(symbol.decode("utf-8", "surrogateescape"))
    for name, symbols in owners.items():
        text = f"{name} also exports {len(symbols)} of its symbols: {some(symbols)}"
        yield Finding(
            Rule.COLLISION,
            WARNING,
            name,
            text,
            f"load only one of the two, without {name}",
            tuple(symbols),
        )


def _permissions(context: Context) -> Iterator[Finding]:
    for cause in _passing(context, (CauseKind.PERMISSIONS,)):
        does = f"the kernel warns, taints itself and makes it {cause.expected}"
        text = f"parameter {cause.subject} has permissions {cause.found}: {does}"
        advice = "declare it with permissions within 0664"
        yield Finding(Rule.PERMISSIONS, WARNING, cause.subject, text, advice)


ALWAYS: Final[tuple[Warn, ...]] = (_parameters, _permissions, _firmware, _builtin, _modinfo)
LOADED: Final[tuple[Warn, ...]] = (_taints, _signing, _struct, _collisions, _aliases, _replaces, _softdeps)
REFUSED: Final[tuple[Warn, ...]] = (_not_signing,)
