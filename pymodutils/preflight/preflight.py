"""Check a machine's profile against kernels: the entry point."""

from __future__ import annotations

import os
from errno import ENOENT
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import arch as archs
from pymodutils.checks import target as targets
from pymodutils.checks.candidate import Candidate
from pymodutils.checks.changed_types import ChangedTypes, KernelTypes, exporter_in
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.verdict import Finding, Report, Verdict
from pymodutils.errors import ModutilsError, NotFound
from pymodutils.kernel.sources.running import IMAGES
from pymodutils.preflight import allowed, boot, firmware, lines
from pymodutils.preflight.boot import Booted
from pymodutils.preflight.elsewhere import Elsewhere
from pymodutils.preflight.foreign import OutOfTreeJudge
from pymodutils.preflight.indexes import indexed
from pymodutils.preflight.judge import Judge, Judged
from pymodutils.preflight.needs import FOREIGN, LOADED, needs
from pymodutils.preflight.result import Outlook, Preflight
from pymodutils.preflight.system import MODULE, System
from pymodutils.profile.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.preflight.needs import Need
    from pymodutils.root import Root

THIS: Final = "this machine"
MODULES: Final = "/lib/modules"
UNWANTED: Final = "not wanted"


class PreflightRequest(NamedTuple):
    """The input of a preflight."""

    profile: Profile
    machine: str = THIS  # sources of the profile
    kernels: Sequence[str] = ()  # releases, or sources as for check; empty: all other installed kernels
    old: str = ""  # likewise, a single one; empty: that of the profile, if installed
    firmware: str = ""  # a folder; empty: do not check firmware
    allow: str = ""  # a file with allowed symbols
    contents: Sequence[str] = ()  # indexes of package contents
    cached: bool = True
    boots: bool = True  # whether to load the modules into emulated kernels


def preflight(request: PreflightRequest, root: Root) -> Preflight:
    """The preflight; raises ModutilsError for kernels and files that cannot be read."""
    old_name = request.old or _installed_old(request.profile, root)
    names = request.kernels or _others(old_name or request.profile.release, root)
    symbols = allowed.read(request.allow) if request.allow else None
    systems = _systems([*([old_name] if old_name else []), *names], request, root)
    old, news = (systems[0], systems[1:]) if old_name else (None, systems)
    elsewhere = Elsewhere(systems, request.contents, root)
    wanted = needs(request.profile, old)
    foreign = [OutOfTreeJudge(request.profile, old, new, root) for new in news]
    booted = _booted(request, old, news, wanted, foreign)
    olds = [_side(old)] if old else []
    verdicts: list[Verdict] = []
    outlooks = []
    for new, judge, plain in zip(news, foreign, booted[len(systems) - len(news) :], strict=True):
        after = _explained(plain, ChangedTypes(olds, _side(new)))
        found = _judged(Judge(old, new, elsewhere), judge, wanted, after)
        outlooks.append(Outlook(new.label, {it.need.title: it.serving for it in found}, after))
        verdicts += _verdicts(ExtraFindings(request.firmware, symbols, old, new), found, after)
    rows = tuple(it.target.row() for it in news)
    return Preflight(
        request.machine,
        old.label if old else "",
        booted[0] if old else None,
        tuple(outlooks),
        Report(rows, tuple(_by_title(verdicts, [it.label for it in rows])), command="preflight"),
    )


def _side(system: System) -> KernelTypes:
    return KernelTypes(system.target.kernel, exporter_in(system.directory))


def _explained(booted: Booted, types: ChangedTypes) -> Booted:
    """``booted`` with changed types added to the verdicts on refused modules."""
    kinds = (booted.refused, booted.tried)
    found = [tuple(types.explained(it, Candidate.read(it.path)) for it in kind) for kind in kinds]
    return booted._replace(refused=found[0], tried=found[1])


def _installed_old(profile: Profile, root: Root) -> str:
    release = profile.release
    return release if release and os.path.isdir(root.modules(release=release)) else ""


def _others(old: str, root: Root) -> list[str]:
    """The other installed kernels; raises NotFound if there are none."""
    try:
        found = sorted(os.listdir(root.path(MODULES)))
    except OSError:
        found = []
    found = [it for it in found if it != old and os.path.isdir(f"{root.path(MODULES)}/{it}/kernel")]
    if not found:
        place = root.path(MODULES)
        text = f"no other kernel is installed below {place}: give one: --kernel RELEASE or SOURCE"
        raise NotFound(place, text)
    return found


def _systems(names: Sequence[str], request: PreflightRequest, root: Root) -> list[System]:
    """The kernels ``names``, releases or sources; raises NotFound for one without modules."""
    sources = [_source(name, root) for name in names]
    found = []
    for name, source, each in zip(names, sources, _described(sources, request, root), strict=True):
        tree = root.modules(release=name) if source != name else each.tree
        if not tree or not os.path.isdir(tree):
            text = f"{name}: its modules were not found: give an installed release, or a directory"
            raise NotFound(name, text)
        _check_architecture(request.profile.arch, each.kernel.machine, name)
        release = each.kernel.release or os.path.basename(tree)
        found.append(System(each, indexed(tree, release, root), request.profile, root))
    return found


def _check_architecture(uname: str, machine: int | None, name: str) -> None:
    """Raise ModutilsError if the kernel ``name`` cannot run the programs of a machine with ``uname``."""
    own = {number for arch in archs.of_uname(uname) for number in arch.machines} if uname else set()
    kernels = archs.of_machine(machine) if machine is not None else []
    names = {each for arch in kernels for each in (arch.machine_name, arch.compat) if each}
    runs = {number for each in names for arch in archs.of_uname(each) for number in arch.machines}
    if own and runs and not own & runs:
        raise ModutilsError(
            name, f"{name}: it is not for {uname}, the architecture of the profile: give a kernel that is"
        )


def _described(sources: Sequence[str], request: PreflightRequest, root: Root) -> list[targets.Target]:
    """A target for each of ``sources``, which may contain duplicates."""
    unique = list(dict.fromkeys(sources))
    found = targets.targets(unique, root, cached=request.cached)
    if len(found) != len(unique):
        raise ModutilsError("preflight", "a pattern may match several kernels: use one --kernel for each")
    by_source = dict(zip(unique, found, strict=True))
    return [by_source[source] for source in sources]


def _source(name: str, root: Root) -> str:
    """The source of the kernel ``name``: the image of an installed release, else ``name`` itself."""
    tree = root.modules(release=name)
    if os.path.exists(name) or "/" in name or not os.path.isdir(tree):
        return name
    images = (root.path(pattern.format(name)) for pattern in IMAGES)
    return next((path for path in images if os.path.exists(path)), tree)


def _booted(
    request: PreflightRequest,
    old: System | None,
    news: Sequence[System],
    wanted: Sequence[Need],
    foreign: Sequence[OutOfTreeJudge],
) -> list[Booted]:
    """The boots of all kernels, the old one first."""
    if not request.boots:
        return [*([Booted(failure=UNWANTED)] if old else []), *_tried(news, wanted, foreign)]
    works = [boot.Work(old.target, boot.steps(old, request.profile, wanted))] if old else []
    for new, judge in zip(news, foreign, strict=True):
        builds = [judge.old_build(need.name) for need in wanted if need.kind == FOREIGN]
        steps = boot.steps(new, request.profile, wanted)
        works.append(boot.Work(new.target, steps, list(filter(None, builds))))
    return boot.boot(works, cached=request.cached)


def _tried(news: Sequence[System], wanted: Sequence[Need], foreign: Sequence[OutOfTreeJudge]) -> list[Booted]:
    """Boots with out-of-tree modules only, to find out why they are refused."""
    names = [need._replace(kind=LOADED) for need in wanted if need.kind == FOREIGN]
    if not names:
        return [Booted(failure=UNWANTED)] * len(news)
    works = []
    for new, judge in zip(news, foreign, strict=True):
        builds = [judge.old_build(need.name) for need in names]
        works.append(boot.Work(new.target, boot.steps(new, Profile(), names), list(filter(None, builds))))
    return [it._replace(rows=(), failure=it.failure or UNWANTED) for it in boot.boot(works, cached=True)]


def _judged(judge: Judge, foreign: OutOfTreeJudge, wanted: Sequence[Need], after: Booted) -> list[Judged]:
    tried = {it.module: it for it in after.tried}
    return [foreign.judge(it, tried) if it.kind == FOREIGN else judge.judge(it) for it in wanted]


class ExtraFindings(NamedTuple):
    """Findings besides those on needs."""

    firmware: str
    symbols: frozenset[str] | None
    old: System | None
    new: System

    def findings(self, it: Judged) -> list[Finding]:
        """Findings on the firmware of modules in use, and on symbols of out-of-tree modules."""
        if it.need.kind != FOREIGN:
            return [
                each
                for name in it.serving
                for each in firmware.changed(self.old, self.new, name, self.firmware)
            ]
        if self.symbols is None or self.new.state(it.need.name) != MODULE:
            return []
        module = Candidate.read(self.new.path(it.need.name))
        return allowed.outside(module, self.new.target.kernel.exports, self.symbols)


def _verdicts(extra: ExtraFindings, found: Sequence[Judged], after: Booted) -> list[Verdict]:
    """A verdict for each need, each stale line and each refused module."""
    refused, new = {it.module: it for it in after.refused}, extra.new
    verdicts = [_verdict(new, it, [*it.findings, *extra.findings(it)], refused) for it in found]
    for module, place, finding in lines.stale(extra.old, new):
        title = f"{module} in {place}"
        verdicts.append(Verdict(module, title, place.partition(":")[0], new.label, 0, (), (), (finding,)))
    titles = {it.module for it in verdicts}
    verdicts += [it for it in after.refused if it.module not in titles]
    return verdicts


def _verdict(new: System, it: Judged, findings: list[Finding], refused: Mapping[str, Verdict]) -> Verdict:
    name = it.serving[0] if it.serving else it.need.name
    bad = next((refused[each] for each in it.serving if each in refused), None)
    told = (*findings, *(bad.findings if bad else ()))
    lost = any(finding.severity is Severity.ERROR for finding in told)
    errno = bad.errno if bad else ENOENT * lost
    path = new.path(name) or it.need.place
    log = bad.log if bad else ()
    needed = tuple(each for each in it.serving if each != it.need.name)
    ran = not new.path(name)  # the init() of a built-in module ran at boot
    return Verdict(it.need.name, it.need.title, path, new.label, errno, log, needed, told, ran)


def _by_title(verdicts: Sequence[Verdict], labels: Sequence[str]) -> list[Verdict]:
    """A verdict for each title and kernel, by title; a missing one counts as met."""
    titles = dict.fromkeys(it.title for it in verdicts)
    known = {(it.title, it.kernel): it for it in verdicts}
    some = {it.title: it for it in verdicts}
    return [
        known.get((title, label)) or some[title]._replace(kernel=label, errno=0, log=(), findings=())
        for title in titles
        for label in labels
    ]
