"""What a kernel takes, but somebody may regret: warnings and notes, one function each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.checks.context import count, some
from pymodutils.checks.messages import signatures
from pymodutils.checks.rules import Rule, Severity
from pymodutils.checks.verdict import Finding
from pymodutils.elf.facts import listed
from pymodutils.kernel.emulated.load.causes import Kind
from pymodutils.kernel.emulated.state.taints import LETTERS, MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from pymodutils.checks.context import Context
    from pymodutils.kernel.emulated.load.causes import Cause

    Bite = Callable[[Context], Iterator[Finding]]

WARNING, NOTE = Severity.WARNING, Severity.NOTE
FIRMWARE: Final = ("", ".xz", ".zst")  # how a kernel may find a firmware file
BAD_TAINTS: Final = "PFSRCX"
UNTRUSTED: Final = "PFR"
SIGNING: Final = "E"  # told by its own rules
SIGNATURES: Final = {
    Kind.UNSIGNED: signatures.unsigned,
    Kind.UNKNOWN_KEY: signatures.unknown_key,
    Kind.CRYPTO: signatures.crypto,
}
NOT_THE_REASON: Final = {
    Kind.UNSIGNED: "that it is not signed",
    Kind.UNKNOWN_KEY: "that the kernel does not have the key of its signature",
}
REJECTED: Final = "the error is 'Key was rejected by service'"


def warnings(context: Context) -> Iterator[Finding]:
    """Warnings for modules that load."""
    for bite in (*ALWAYS, *(LOADED if not context.trial.errno else REFUSED)):
        yield from bite(context)


def _taints(context: Context) -> Iterator[Finding]:
    letters = [letter for letter in context.trial.taints if letter != SIGNING]
    for letter in letters:
        severity = WARNING if letter in BAD_TAINTS else NOTE
        meaning = MEANINGS[LETTERS.index(letter)]
        advice = "bug reports from such a kernel are not looked at" if letter in UNTRUSTED else ""
        yield Finding(Rule.TAINT, severity, letter, f"it taints the kernel ({letter}): {meaning}", advice)


def _signing(context: Context) -> Iterator[Finding]:
    for cause in _passing(context, SIGNATURES):
        yield from SIGNATURES[cause.kind](context, [cause])


def _not_signing(context: Context) -> Iterator[Finding]:
    """Many take "Exec format error" for a matter of signatures."""
    for cause in _passing(context, NOT_THE_REASON):
        text = f"{NOT_THE_REASON[cause.kind]} is not the reason: for that {REJECTED}"
        yield Finding(Rule(cause.kind.value), NOTE, "", text)


def _passing(context: Context, kinds: Container[Kind]) -> list[Cause]:
    """What the kernel minded of these kinds without refusing the module for it."""
    return [cause for cause in context.trial.causes if cause.passes and cause.kind in kinds]


def _parameters(context: Context) -> Iterator[Finding]:
    known = [value.partition(":")[0] for value in context.module.values("parmtype")]
    for cause in _passing(context, (Kind.NO_PARAMETER,)):
        text = f"it has no parameter {cause.subject}: the kernel passes over it"
        has = f"leave it out: it has {f'only {some(known)}' if known else 'no parameters'}"
        yield Finding(Rule.NO_PARAMETER, WARNING, cause.subject, text, has)


def _firmware(context: Context) -> Iterator[Finding]:
    if not context.firmware:
        return
    wanted = context.module.values("firmware")
    places = {name: [f"{context.firmware}/{name}{end}" for end in FIRMWARE] for name in wanted}
    absent = [name for name in wanted if not any(map(os.path.exists, places[name]))]
    if absent:
        text = f"of {count(len(wanted), 'firmware file')} {len(absent)} cannot be found: {some(absent)}"
        advice = f"install the package that has them below {context.firmware}"
        yield Finding(Rule.FIRMWARE, WARNING, absent[0], text, advice, tuple(absent))


def _aliases(context: Context) -> Iterator[Finding]:
    claimants = context.others.claimants
    found: dict[str, list[str]] = {}
    for alias in listed(context.module.facts.aliases):
        for name in claimants.get(alias, ()):
            found.setdefault(name, []).append(alias.decode("utf-8", "surrogateescape"))
    found.pop(context.module.name, None)
    for name, aliases in found.items():
        text = f"{name} of the kernel claims {len(aliases)} of its aliases too: {some(aliases)}"
        advice = f"blacklist {name} where this module is to be taken"
        yield Finding(Rule.ALIAS, WARNING, name, text, advice, tuple(aliases))


def _builtin(context: Context) -> Iterator[Finding]:
    if context.module.name in context.builtins:
        text = f"{context.module.name} is built into {context.release}: modprobe will never load this one"
        yield Finding(Rule.BUILTIN, WARNING, context.module.name, text, "rename the module, or leave it out")


def _replaces(context: Context) -> Iterator[Finding]:
    if context.module.name in context.others.by_name:
        text = f"the kernel's own modules have a {context.module.name} too"
        advice = "the one in updates/ comes first (depmod.d)"
        yield Finding(Rule.REPLACES, NOTE, context.module.name, text, advice)


def _softdeps(context: Context) -> Iterator[Finding]:
    words = [word for line in context.module.values("softdep") for word in line.split()]
    names = dict.fromkeys(word for word in words if word not in ("pre:", "post:"))
    lost = [name for name in names if not _at_hand(context, name)]
    if lost and (context.tree or context.builtins):
        text = f"of its soft dependencies {len(lost)} lead nowhere: {some(lost)}"
        advice = "they are passed over: see whether it needs them"
        yield Finding(Rule.SOFTDEP, NOTE, lost[0], text, advice, tuple(lost))


def _at_hand(context: Context, name: str) -> bool:
    spelled = name.replace("-", "_")
    if ":" in name or spelled in context.builtins or context.providers.named(spelled):
        return True
    alias = name.encode("utf-8", "surrogateescape")
    return any(pool.claimants.get(alias) for pool in context.providers.pools)


def _modinfo(context: Context) -> Iterator[Finding]:
    if context.module.info and context.module.value("license") is None:
        text = "it has no MODULE_LICENSE: it counts as proprietary"
        yield Finding(Rule.MODINFO, WARNING, "license", text, 'say what it is: MODULE_LICENSE("GPL")')
    if (
        context.module.info
        and context.module.value("description") is None
        and context.module.value("intree") is None
    ):
        text = "it has no MODULE_DESCRIPTION, of which modpost warns since 6.11"
        yield Finding(Rule.MODINFO, NOTE, "description", text, "add a MODULE_DESCRIPTION")


def _struct(context: Context) -> Iterator[Finding]:
    ours, theirs = context.module.struct, context.target.kernel.module_size
    if ours and theirs and ours != theirs:
        text = f"struct module has {ours} bytes in it and {theirs} in the kernel, which does not look"
        yield Finding(Rule.STRUCT_MODULE, WARNING, "", text, context.rebuild)


def _collisions(context: Context) -> Iterator[Finding]:
    owners: dict[str, list[str]] = {}
    for symbol in context.module.exports:
        owner = context.providers.exporter(symbol)
        if owner and owner.name != context.module.name:
            owners.setdefault(owner.name, []).append(symbol.decode("utf-8", "surrogateescape"))
    for name, symbols in owners.items():
        text = f"{name} exports {count(len(symbols), 'symbol')} of it too: {some(symbols)}"
        yield Finding(
            Rule.COLLISION,
            WARNING,
            name,
            text,
            f"only one of both can be loaded: leave {name} out",
            tuple(symbols),
        )


ALWAYS: Final[tuple[Bite, ...]] = (_parameters, _firmware, _builtin, _modinfo)
LOADED: Final[tuple[Bite, ...]] = (_taints, _signing, _struct, _collisions, _aliases, _replaces, _softdeps)
REFUSED: Final[tuple[Bite, ...]] = (_not_signing,)
