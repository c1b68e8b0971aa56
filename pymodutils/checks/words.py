"""Causes as findings: what is wrong in words, and what to do about it. One function a kind."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from pymodutils.checks.scene import count, some
from pymodutils.checks.survey import LAYOUT
from pymodutils.checks.verdict import Finding, Severity
from pymodutils.kernel.description import ARCHES
from pymodutils.kernel.emulated.causes import Cause, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pymodutils.checks.scene import Scene

    Words = Callable[[Scene, Sequence[Cause]], Iterator[Finding]]

ERROR: Final = Severity.ERROR
NONZERO: Final = "existing value is nonzero"
SUFFIXES: Final = "-+"


def errors(scene: Scene, causes: Iterable[Cause]) -> Iterator[Finding]:
    """The findings for ``causes``, those of one kind together, in the order of WORDS."""
    order = list(WORDS)
    listed = sorted(dict.fromkeys(causes), key=lambda cause: order.index(cause.kind))
    for kind, group in groupby(listed, key=lambda cause: cause.kind):
        yield from WORDS[kind](scene, list(group))


def _machine(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    ours = ARCHES.get(scene.module.machine, f"machine {causes[0].subject}")
    theirs = scene.target.kernel.arch or causes[0].wanted
    text = f"it is built for {ours}, the kernel is {theirs}"
    yield Finding(Kind.MACHINE, ERROR, ours, text, f"build it for {theirs}, with {scene.headers}")


def _vermagic(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    said, wanted = causes[0].said, causes[0].wanted
    if not said:
        text = "it has no vermagic, and this kernel cannot be forced to take such a module"
        yield Finding(Kind.VERMAGIC, ERROR, "", text, scene.rebuild)
        return
    ours, theirs = said.split(" "), wanted.split(" ")
    parts = [_releases(ours[0], theirs[0])] if ours[0] != theirs[0] else []
    lacking = [word for word in theirs[1:] if word not in ours[1:]]
    extra = [word for word in ours[1:] if word not in theirs[1:]]
    parts += [f"the kernel is built with {some(lacking)}, the module without"] if lacking else []
    parts += [f"the module is built with {some(extra)}, the kernel without"] if extra else []
    yield Finding(Kind.VERMAGIC, ERROR, ours[0], "; ".join(parts), scene.rebuild)


def _releases(ours: str, theirs: str) -> str:
    text = f"it is built for {ours}, the kernel is {theirs}"
    base = [_base(release) for release in (ours, theirs)]
    same = f": the same {base[0]} with another suffix (CONFIG_LOCALVERSION, or a changed git tree)"
    return text + (same if base[0] == base[1] else "")


def _base(release: str) -> str:
    for sign in SUFFIXES:
        release = release.partition(sign)[0]
    return release


def _crc(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    names = [cause.subject for cause in causes]
    shown = [name for name in names if name != LAYOUT] or names
    total = len(scene.expects) or len(names)
    text = f"{len(names):,} of the {count(total, 'symbol')} that it uses changed since it was built: "
    text += f"{some(shown)} ({_both(causes[names.index(shown[0])])})"
    text += f"; {_layout(scene)}" if LAYOUT in names else ""
    owners = sorted({cause.owner for cause in causes if cause.owner})
    text += f"; of those, some are in {some(owners)}" if owners else ""
    yield Finding(Kind.CRC, ERROR, shown[0], text, _instead(scene, owners), tuple(names))


def _both(cause: Cause) -> str:
    return f"the first {cause.said} in the module, {cause.wanted} in {cause.owner or 'the kernel'}"


def _layout(scene: Scene) -> str:
    built = scene.module.built_for
    if built == scene.release:
        return (
            "module_layout is among them although the release is the same: "
            "the kernel was configured or patched differently from the headers that it was built against"
        )
    return f"module_layout is among them: it is built for another kernel, {built or 'which it does not name'}"


def _instead(scene: Scene, owners: Sequence[str]) -> str:
    fitting = [label for label in scene.agreeing() if label != scene.target.label]
    known = f"; as it is, it fits {some(fitting)}" if fitting else ""
    return scene.rebuild + (f" and the Module.symvers of {some(owners)}" if owners else "") + known


def _unversioned(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    names = [cause.subject for cause in causes]
    text = f"it has no CRC for {count(len(names), 'symbol')} that it uses: {some(names)}"
    advice = f"{scene.rebuild}, with the Module.symvers of what exports them (KBUILD_EXTRA_SYMBOLS)"
    yield Finding(Kind.UNVERSIONED, ERROR, names[0], text, advice, tuple(names))


def _unknown(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    names = [cause.subject for cause in causes]
    helped = [name for name in names if scene.providers.exporter(name.encode("utf-8", "surrogateescape"))]
    lost = [name for name in names if name not in helped]
    if lost:
        places = dict.fromkeys(label for name in lost for label in scene.elsewhere(name))
        where = f"; some are in {some(list(places))}" if places else ""
        text = f"nobody at hand exports {count(len(lost), 'symbol')} that it uses: {some(lost)}{where}"
        built = scene.module.built_for
        other = built and built != scene.release
        advice = (f"{scene.rebuild}, or " if other else "") + "give the modules that export them: --with DIR"
        yield Finding(Kind.UNKNOWN, ERROR, lost[0], text, advice, tuple(lost))


def _gpl_only(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    names = [cause.subject for cause in causes]
    licence = scene.module.value("license")
    said = f"its licence is {licence!r}" if licence else "it has no licence"
    text = f"it uses {count(len(names), 'symbol')} for GPL modules only, and {said}: {some(names)}"
    advice = 'do without them, or say MODULE_LICENSE("GPL") if that is its licence'
    yield Finding(Kind.GPL_ONLY, ERROR, names[0], text, advice, tuple(names))


def _namespace(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    del scene
    spaces = dict.fromkeys(cause.wanted for cause in causes)
    for space in spaces:
        names = [cause.subject for cause in causes if cause.wanted == space]
        used = f"{count(len(names), 'symbol')} of the namespace {space}"
        text = f"it uses {used} without importing it: {some(names)}"
        advice = f'add MODULE_IMPORT_NS({space}); to the source (MODULE_IMPORT_NS("{space}"); since 6.13)'
        yield Finding(Kind.NAMESPACE, ERROR, space, text, advice, tuple(names))


def _proprietary(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    del scene
    cause = causes[0]
    text = f"it uses GPL-only symbols, and {cause.subject} of {cause.owner}, which is proprietary"
    yield Finding(
        Kind.PROPRIETARY, ERROR, cause.subject, text, f"do without one of them, or free {cause.owner}"
    )


def _duplicate(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    names = [cause.subject for cause in causes]
    owner = causes[0].owner
    whose = "the kernel itself" if owner in ("", "kernel") else owner
    text = f"it exports {count(len(names), 'symbol')} that {whose} exports too: {some(names)}"
    advice = (
        f"{scene.release} has what this module adds: leave it out" if whose != owner else f"leave {owner} out"
    )
    yield Finding(Kind.DUPLICATE, ERROR, names[0], text, advice, tuple(names))


def _no_crcs(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    del causes
    text = "it exports symbols without CRCs, which this kernel insists on"
    yield Finding(Kind.NO_CRCS, ERROR, "", text, f"{scene.rebuild} with CONFIG_MODVERSIONS=y")


def _builtin(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    name = causes[0].subject
    text = f"{name} is built into the kernel, so no module can have that name"
    yield Finding(Kind.BUILTIN, ERROR, name, text, f"use what {scene.release} has, or rename the module")


def _present(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    del scene
    name = causes[0].subject
    text = f"a module called {name} had to be loaded before it"
    yield Finding(Kind.PRESENT, ERROR, name, text, "rename one of them")


def _signature(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    said = causes[0].said
    text = f"this kernel takes only modules signed with a key that it trusts: {said}"
    advice = (
        f"sign it: scripts/sign-file sha256 KEY CERT {scene.module.name}.ko; enrol CERT: mokutil --import"
    )
    yield Finding(Kind.SIGNATURE, ERROR, "", text, advice)


def _parameter(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    kinds = dict(value.partition(":")[::2] for value in scene.module.values("parmtype"))
    for cause in causes:
        kind = kinds.get(cause.subject, "")
        text = f"its parameter {cause.subject} does not take {cause.said!r}" + (
            f": it is of type {kind}" if kind else ""
        )
        advice = f"see what it takes: modinfo -p {scene.module.name}"
        yield Finding(Kind.PARAMETER, ERROR, cause.subject, text, advice)


def _relocation(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    cause = causes[0]
    if NONZERO in cause.said:
        text = f"the file was changed after it was linked, places to be filled are not empty: {cause.said}"
        advice = "build it again and install what the build made: no strip but --strip-debug, no second link"
    else:
        text = f"it cannot be linked: {cause.said}"
        advice = (
            f"{scene.rebuild} with the compiler and options of the kernel (code model, -fno-pic, -fno-plt)"
        )
    yield Finding(Kind.RELOCATION, ERROR, cause.subject, text, advice)


def _struct_module(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    said, wanted = causes[0].said, causes[0].wanted
    text = (
        f"struct module has {said} bytes in it and {wanted} in the kernel, which was configured differently"
    )
    yield Finding(Kind.STRUCT_MODULE, ERROR, "", text, scene.rebuild)


def _write_exec(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    del scene
    section = causes[0].subject
    text = f"its section {section} can be written and executed, which this kernel refuses"
    yield Finding(Kind.WRITE_EXEC, ERROR, section, text, "give the section one of both flags only")


def _livepatch(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    del causes
    text = "it is a live patch, and this kernel is built without CONFIG_LIVEPATCH"
    yield Finding(Kind.LIVEPATCH, ERROR, "", text, f"{scene.release} must be updated, not patched")


def _other(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    said = causes[0].said or (scene.trial.log[-1] if scene.trial.log else "")
    text = f"the kernel does not take the file: {said}" if said else "the kernel does not take the file"
    advice = (
        "build or fetch it again: the file is damaged" if scene.module.damage or not scene.module.info else ""
    )
    yield Finding(Kind.OTHER, ERROR, "", text, advice or "see the kernel's own words below")


def _nothing(scene: Scene, causes: Sequence[Cause]) -> Iterator[Finding]:
    """What is no reason to refuse a module: bites.py has it."""
    del scene, causes
    yield from ()


WORDS: Final[dict[Kind, Words]] = {
    Kind.MACHINE: _machine,
    Kind.OTHER: _other,
    Kind.VERMAGIC: _vermagic,
    Kind.STRUCT_MODULE: _struct_module,
    Kind.CRC: _crc,
    Kind.UNVERSIONED: _unversioned,
    Kind.SIGNATURE: _signature,
    Kind.LIVEPATCH: _livepatch,
    Kind.BUILTIN: _builtin,
    Kind.PRESENT: _present,
    Kind.WRITE_EXEC: _write_exec,
    Kind.NO_CRCS: _no_crcs,
    Kind.GPL_ONLY: _gpl_only,
    Kind.NAMESPACE: _namespace,
    Kind.PROPRIETARY: _proprietary,
    Kind.UNKNOWN: _unknown,
    Kind.RELOCATION: _relocation,
    Kind.DUPLICATE: _duplicate,
    Kind.PARAMETER: _parameter,
    Kind.NO_PARAMETER: _nothing,
}
