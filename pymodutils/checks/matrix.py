"""Check every module against every kernel, on all cores."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pymodutils import parallel, scratch
from pymodutils.checks import inputs, kabi, kabi_types, run, target
from pymodutils.checks.around import around_of
from pymodutils.checks.changed_types import ChangedTypes, InstalledKernels, KernelTypes
from pymodutils.checks.kabi import Comparison
from pymodutils.checks.pair_worker import PairWorker
from pymodutils.checks.pool import pool_of, read_pool
from pymodutils.checks.verdict import Report, Verdict, again
from pymodutils.errors import ModutilsError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.checks.around import Around
    from pymodutils.checks.request import Request
    from pymodutils.root import Root


def unheard(_done: int, _total: int, _what: str) -> None:
    """Progress that is not shown."""


def check(request: Request, root: Root, progress: Callable[[int, int, str], None] = unheard) -> Report:
    """The verdicts on all of ``request``; raises ModutilsError for input that cannot be read.

    Unreadable modules are listed in the report; the error is raised only if no module can be read.

    ``progress`` is called with the number of finished pairs, their total, and the title of the last one.
    """
    started = time.time()
    with scratch.folder() as folder:
        files, unread = _readable(request.modules, folder)
        own = read_pool(files)
        more = pool_of(request.more, folder)
        targets = target.targets(request.kernels, root, cached=request.cached, trust=request.trust)
        around = [around_of(it, own, more, folder) for it in targets]
        _known(request, around)
        images = run.images(targets, request.cmdline, folder) if request.run else ()
        job = PairWorker(request, targets, own, around, images)
        workers = max(1, min(parallel.cores(), len(job.own.modules) * len(targets) // 4))
        pairs = parallel.dealt(job.pairs(), workers)
        verdicts: dict[tuple[int, int], Verdict] = {}
        seconds: dict[tuple[int, int], float] = {}
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
        ran=request.run,
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
    """Compare the kernels ``names`` (old, new) and find which of ``modules`` break; raises as ``check``."""
    old, new = (target.targets([name], root, cached=cached)[0] for name in names)
    found = kabi.changes(old.kernel, new.kernel)
    with scratch.folder() as folder:
        pool = pool_of(modules, folder).modules
        broken = kabi.broken(found, (old.kernel, new.kernel), pool)
    rebuild = kabi.rebuild(old.kernel, new.kernel)
    changed = [change.symbol for change in found if change.kind == "crc"]
    why, unexplained = kabi_types.reasons(old.kernel, new.kernel, changed) if changed else ([], "")
    return Comparison(
        old.row(), new.row(), tuple(found), len(pool), tuple(broken), rebuild, tuple(why), unexplained
    )


def _readable(words: Sequence[str], folder: str) -> tuple[list[inputs.InputFile], list[ModutilsError]]:
    """The files of ``words``, and why others cannot be read; raises the first error if there are none."""
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
    """Raise NotFound for a name in ``request`` that matches nothing and would have no effect."""
    for name in request.params:
        if not any(it.providers.named(name) for it in around):
            raise NotFound(name, f"--params {name}: no module has that name: give NAME as modinfo prints it")
    if request.firmware and not os.path.isdir(request.firmware):
        text = f"{request.firmware}: not a directory: give a firmware directory such as /lib/firmware"
        raise NotFound(request.firmware, text)
