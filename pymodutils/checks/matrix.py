"""Every module against every kernel, on all cores."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymodutils import parallel, scratch
from pymodutils.checks import inputs, kabi, kabi_types, run, target
from pymodutils.checks.candidate import below, read_all
from pymodutils.checks.changed_types import KERNEL, ChangedTypes, InstalledKernels, KernelTypes
from pymodutils.checks.context import Context
from pymodutils.checks.kabi import Comparison
from pymodutils.checks.messages import errors
from pymodutils.checks.pool import Pool, Providers
from pymodutils.checks.rules import Rule, Severity
from pymodutils.checks.trial import Bench
from pymodutils.checks.verdict import Finding, Report, Verdict
from pymodutils.checks.warnings import warnings
from pymodutils.elf import compress
from pymodutils.errors import ModutilsError, NotFound
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pymodutils.checks.candidate import Candidate
    from pymodutils.checks.target import Target
    from pymodutils.root import Root

BUILTIN: Final = "modules.builtin"
DETAILED: Final = 20  # modules; with more, findings name no source lines
NOTHING: Final[Mapping[str, str]] = {}


def unheard(_done: int, _total: int, _what: str) -> None:
    """Progress that is not shown."""


class Request(NamedTuple):
    """What is to be checked."""

    modules: Sequence[str]  # files, directories, packages
    kernels: Sequence[str] = ("running",)  # sources, patterns
    more: Sequence[str] = ()  # where needed modules may be taken from
    params: Mapping[str, str] = NOTHING  # name of a module -> its parameters
    firmware: str = ""  # a folder
    cached: bool = True
    cmdline: str = ""  # of every kernel
    trust: Sequence[str] = ()  # files with certificates that every kernel trusts for modules
    run: bool = False  # whether init() of what loads is run, too


def check(request: Request, root: Root, progress: Callable[[int, int, str], None] = unheard) -> Report:
    """The verdicts on all of ``request``; raises ModutilsError about input that cannot be read.

    Of several modules those that cannot be read are listed in the report; it raises only if none can be.

    ``progress`` is called with the numbers of pairs done and in all, and the title of the last.
    """
    started = time.time()
    with scratch.folder() as folder:
        files, unread = _readable(request.modules, folder)
        own = _read(files)
        more = _pool(request.more, folder)
        targets = target.targets(request.kernels, root, cached=request.cached, trust=request.trust)
        around = [_providers(it, own, more, folder) for it in targets]
        _known(request, around)
        images = run.images(targets, request.cmdline, folder) if request.run else ()
        job = PairWorker(request, targets, own, around, images)
        pairs = job.pairs()
        verdicts: dict[tuple[int, int], Verdict] = {}
        seconds: dict[tuple[int, int], float] = {}
        workers = max(1, min(parallel.cores(), len(pairs) // 4))
        found = parallel.ordered(job.plain, pairs, workers) if workers > 1 else map(job.plain, pairs)
        for pair, (took, plain) in zip(pairs, found, strict=True):
            verdicts[pair], seconds[pair] = again(plain), took
            progress(len(verdicts), len(pairs), verdicts[pair].title)
        _explain(verdicts, job, InstalledKernels(root, cached=request.cached))
    rows = tuple(it.row() for it in targets)
    order = sorted(verdicts)
    return Report(
        rows,
        tuple(map(verdicts.__getitem__, order)),
        tuple(map(str, unread)),
        started=started,
        seconds=tuple(map(seconds.__getitem__, order)),
    )


def _explain(verdicts: dict[tuple[int, int], Verdict], job: PairWorker, installed: InstalledKernels) -> None:
    """Add to ``verdicts`` which types changed."""
    sides = [
        KernelTypes(it.kernel, around.exporter) for it, around in zip(job.targets, job.around, strict=True)
    ]
    explainers = [ChangedTypes(sides, side, installed) for side in sides]
    for (at, number), verdict in verdicts.items():
        verdicts[at, number] = explainers[number].explained(verdict, job.own.modules[at])


def compare(names: Sequence[str], modules: Sequence[str], root: Root, *, cached: bool) -> Comparison:
    """The kernels ``names``, old and new, compared: which of ``modules`` breaks; raises as ``check``."""
    old, new = (target.targets([name], root, cached=cached)[0] for name in names)
    found = kabi.changes(old.kernel, new.kernel)
    with scratch.folder() as folder:
        pool = _pool(modules, folder).modules
        broken = kabi.broken(found, (old.kernel, new.kernel), pool)
    rebuild = kabi.rebuild(old.kernel, new.kernel)
    changed = [change.symbol for change in found if change.kind == "crc"]
    why, unexplained = kabi_types.reasons(old.kernel, new.kernel, changed) if changed else ([], "")
    return Comparison(
        old.row(), new.row(), tuple(found), len(pool), tuple(broken), rebuild, tuple(why), unexplained
    )


def _pool(words: Sequence[str], folder: str) -> Pool:
    return _read([file for word in words for file in inputs.files(word, folder)])


def _read(files: Sequence[inputs.InputFile]) -> Pool:
    """The modules in ``files``, each once: links and ways to the same file do not count."""
    once: dict[str, inputs.InputFile] = {}
    for file in files:
        once.setdefault(os.path.realpath(file.path), file)
    return Pool(read_all([(path, shown) for path, shown in once.values()]))


def _readable(words: Sequence[str], folder: str) -> tuple[list[inputs.InputFile], list[ModutilsError]]:
    """The files that ``words`` mean, and why others cannot be read; raises the first if that is all."""
    files: list[inputs.InputFile] = []
    unread: list[ModutilsError] = []
    for word in words:
        try:
            files += inputs.files(word, folder)
        except ModutilsError as error:
            unread.append(error)
    if unread and not files:
        raise unread[0]
    return files, unread


def _known(request: Request, around: Sequence[Around]) -> None:
    """Raise NotFound for a name in ``request`` that matches nothing and so would have no effect."""
    for name in request.params:
        if not any(it.providers.named(name) for it in around):
            raise NotFound(name, f"--params {name}: no module has that name: give NAME as modinfo prints it")
    if request.firmware and not os.path.isdir(request.firmware):
        text = f"{request.firmware}: not a directory: give the one with firmware, such as /lib/firmware"
        raise NotFound(request.firmware, text)


class Around(NamedTuple):
    """The modules that go with a kernel."""

    providers: Providers
    tree: Pool | None
    builtins: frozenset[str]

    def exporter(self, symbol: str) -> str:
        """The file of the module that exports ``symbol``; KERNEL if none does."""
        name = symbol.encode("utf-8", "surrogateescape")
        found = (self.tree.exporter(name, None) if self.tree else None) or self.providers.exporter(name)
        return found.path if found else KERNEL


def _providers(it: Target, own: Pool, more: Pool, folder: str) -> Around:
    """The kernel's own modules are read only if not all of them are checked themselves."""
    exports = {name.encode("utf-8", "surrogateescape") for name in it.kernel.exports}
    tree = None
    if it.tree and not _covers(own, it.tree):
        tree = _tree(it.tree, own, exports, folder)
    pools = [own, more, *([tree] if tree else [])]
    builtins = _builtins(it.tree)
    return Around(Providers(exports, it.kernel.release, pools), tree, builtins)


def _covers(own: Pool, tree: str) -> bool:
    """Whether all modules below the directory ``tree`` are checked."""
    if not os.path.isdir(tree):
        return False
    checked = {os.path.realpath(module.path) for module in own.modules}
    return checked.issuperset(map(os.path.realpath, below(tree)))


def _tree(place: str, own: Pool, exports: set[bytes], folder: str) -> Pool | None:
    """The modules of a kernel; a package is unpacked only for a module that lacks something."""
    if os.path.isdir(place):
        return Pool(read_all([(path, path) for path in below(place)]))
    lacks = any(
        symbol not in exports and symbol not in own.exporters for it in own.modules for symbol in it.needs
    )
    return _pool([place], folder) if lacks else None


def _builtins(tree: str) -> frozenset[str]:
    try:
        paths = compress.content(f"{tree}/{BUILTIN}").decode("utf-8", "surrogateescape").split()
    except NotFound:
        return frozenset()
    return frozenset(os.path.basename(path).partition(".")[0].replace("-", "_") for path in paths)


class PairWorker:
    """The work of one process, which keeps its last kernel booted."""

    def __init__(
        self,
        request: Request,
        targets: Sequence[Target],
        own: Pool,
        around: Sequence[Around],
        images: Sequence[run.BootableImage],
    ) -> None:
        self.request, self.targets, self.own, self.around = request, targets, own, around
        self.runners = [run.TrialRunner(image, request.params, request.cmdline) for image in images]
        self.trees = [it.tree for it in around]
        self.titles = own.titles()
        self._benches: dict[int, Bench] = {}

    def pairs(self) -> list[tuple[int, int]]:
        """All pairs of module and kernel, ordered so that neighbours share dependencies."""
        everything = range(len(self.own.modules))
        found = []
        for number, around in enumerate(self.around):
            needed = [[it.name for it in around.providers.needed(module)] for module in self.own.modules]
            found += [(at, number) for at in sorted(everything, key=needed.__getitem__)]
        return found

    def plain(self, pair: tuple[int, int]) -> tuple[float, tuple[Any, ...]]:
        """How many seconds the verdict on a pair took, and the verdict as what may pass between processes."""
        start = time.monotonic()
        verdict = self._verdict(self.own.modules[pair[0]], pair[1])
        findings = tuple(tuple(map(bare, finding)) for finding in verdict.findings)
        return time.monotonic() - start, (*verdict[:-2], findings, verdict.ran)

    def _verdict(self, module: Candidate, number: int) -> Verdict:
        if number not in self._benches:
            self._benches = {
                number: Bench(self.targets[number].kernel, self.request.params, self.request.cmdline)
            }
        around, target = self.around[number], self.targets[number]
        needed = around.providers.needed(module)
        trial = self._benches[number].attempt(module, needed)
        if trial.errno and module.machine not in (
            0,
            target.kernel.machine,
        ):  # the signature may be refused first
            trial = trial._replace(causes=(*trial.causes, Cause(CauseKind.MACHINE, str(module.machine))))
        foreign = any(cause.kind is CauseKind.MACHINE for cause in trial.causes)  # nothing else matters then
        if foreign:
            trial, needed = trial._replace(stopped=""), []
        context = Context(
            module=module,
            target=target,
            targets=self.targets,
            trees=self.trees,
            providers=around.providers,
            tree=around.tree,
            builtins=around.builtins,
            trial=trial,
            expects=module.expects if trial.errno and not foreign else {},
            firmware=self.request.firmware,
            detailed=len(self.own.modules) <= DETAILED,
        )
        findings = [*_refusals(context, trial.causes), *warnings(context)]
        ran = run.NOT
        if self.runners and not trial.errno:
            ran = self.runners[number].run(module, needed)
        names = tuple(it.name for it in needed)
        return Verdict(
            module.name,
            self.titles[module.path],
            module.shown,
            target.label,
            trial.errno,
            trial.log,
            names,
            (*findings, *ran.findings),
            ran.ran,
        )


def _refusals(context: Context, causes: Sequence[Cause]) -> list[Finding]:
    found = list(errors(context, causes)) if context.trial.errno else []
    if context.trial.stopped:
        name, log = context.trial.stopped, context.trial.stopped_log
        text = f"it depends on {name}, which this kernel refuses{f': {log[-1]}' if log else ''}"
        severity = Severity.ERROR if context.trial.errno else Severity.WARNING
        text += "" if context.trial.errno else "; it loads without, because it imports weak symbols only"
        found.append(Finding(Rule.NEEDS, severity, name, text, f"fix {name} first"))
    if context.trial.errno and not found:
        found += errors(context, [Cause(CauseKind.OTHER)])
    return found


def bare(value: object) -> object:
    """``value`` without the subclass that marshal does not know."""
    return str(value) if isinstance(value, str) else value


def again(plain: Any) -> Verdict:
    """What ``Job.plain`` made of a verdict."""
    found = tuple(Finding(Rule(rule), Severity(severity), *rest) for rule, severity, *rest in plain[-2])
    return Verdict._make((*plain[:-2], found, plain[-1]))
