"""Load every module that a boot of the machine would load into an emulated kernel, in order."""

from __future__ import annotations

import gc
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from pymodutils import parallel
from pymodutils.checks import cache
from pymodutils.checks.candidate import Candidate
from pymodutils.checks.context import Context
from pymodutils.checks.messages import errors
from pymodutils.checks.pool import Pool, Providers
from pymodutils.checks.trial import Trial
from pymodutils.checks.verdict import Verdict, again, bare
from pymodutils.depends import plan
from pymodutils.elf import contents
from pymodutils.errors import BadKernel, BadModule, ModutilsError, Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.preflight.needs import FILE, FILE_SYSTEM, LOADED
from pymodutils.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.target import Target
    from pymodutils.depends.resolve import Module
    from pymodutils.mapped import Contents
    from pymodutils.preflight.needs import Need
    from pymodutils.preflight.system import System
    from pymodutils.profile.profile import Profile


class BootStep(NamedTuple):
    """A module to load."""

    name: str
    path: str
    options: str


class BootRow(NamedTuple):
    """A line of /proc/modules."""

    name: str
    size: int
    users: int
    holders: tuple[str, ...]


class Booted(NamedTuple):
    """The modules after the boot, newest first, and the verdicts on refused and tried ones."""

    rows: tuple[BootRow, ...] = ()
    refused: tuple[Verdict, ...] = ()
    tried: tuple[Verdict, ...] = ()
    failure: str = ""  # why there was no boot

    @property
    def memory(self) -> int:
        """Bytes used by all modules."""
        return sum(row.size for row in self.rows)


def steps(system: System, profile: Profile, needs: Sequence[Need]) -> list[BootStep]:
    """The modules that udev, systemd and programs would load, after their dependencies, each once."""
    found: dict[str, BootStep] = {}
    for module in _wanted(system, profile, needs):
        for step in plan.load(system.resolver, module, "", plan.Choices()).steps:
            if isinstance(step, plan.Insert):
                found.setdefault(step.module, BootStep(step.module, step.path, step.options))
    return list(found.values())


def _wanted(system: System, profile: Profile, needs: Sequence[Need]) -> Iterator[Module]:
    """Devices first, bound or not, then requests of files, mounts and programs."""
    for device in profile.devices:
        if device.modalias:
            yield from system.lookup(device.modalias)
    for kind in (FILE, FILE_SYSTEM, LOADED):
        for need in needs:
            if need.kind == kind and need.in_use:
                yield from system.lookup(f"fs-{need.name}" if kind == FILE_SYSTEM else need.name)
    for loaded in reversed(profile.modules):
        yield from system.lookup(loaded.name)


class Work(NamedTuple):
    """The input of a boot: the kernel, the modules to load, and files to try without keeping them loaded."""

    target: Target
    steps: Sequence[BootStep]
    tries: Sequence[str] = ()


def boot(works: Sequence[Work], *, cached: bool) -> list[Booted]:
    """The boots of ``works``, one process each; with ``cached``, earlier ones are reused."""
    paths = [f"{cache.folder('boots')}/{_key(work)}.json" for work in works]
    texts = [cache.kept(path) if cached else None for path in paths]
    todo = [at for at, text in enumerate(texts) if text is None]
    workers = min(len(todo), parallel.cores())
    done = (
        parallel.ordered(lambda at: _text(works[at]), todo, workers)
        if workers > 1
        else (_text(works[at]) for at in todo)
    )
    for at, text in zip(todo, done, strict=True):
        texts[at] = text
        if cached:
            cache.keep(paths[at], text)
    return [_read(text or "") for text in texts]


def _text(work: Work) -> str:
    gc.enable()
    return json.dumps(_boot(work))


def _read(text: str) -> Booted:
    rows, refused, tried, failure = json.loads(text)
    return Booted(
        tuple(BootRow(name, size, users, tuple(holders)) for name, size, users, holders in rows),
        tuple(map(_verdict, refused)),
        tuple(map(_verdict, tried)),
        failure,
    )


def _verdict(plain: list[Any]) -> Verdict:
    *fields, findings, ran = (tuple(it) if isinstance(it, list) else it for it in plain)
    return again((*fields, [(*it[:5], *map(tuple, it[5:])) for it in findings], ran))


def _key(work: Work) -> str:
    total = hashlib.sha256(f"{__version__} {cache.VERSION} {Verdict._fields}".encode())
    kernel = work.target.kernel
    crcs = [export.crc for export in kernel.exports.values()]
    total.update(repr((kernel._replace(exports={}), crcs)).encode("utf-8", "surrogateescape"))
    for path, options in [
        *((step.path, step.options) for step in work.steps),
        *((it, "") for it in work.tries),
    ]:
        try:
            found = os.stat(path)
            identity = f"{found.st_size} {found.st_ino} {found.st_mtime_ns}"
        except OSError:
            identity = "absent"
        total.update(f"\0{path}\0{options}\0{identity}".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _boot(work: Work) -> tuple[Any, ...]:
    """Rows, verdicts on refused and tried modules as plain values, and why the boot failed."""
    try:
        kernel = EmulatedKernel.boot(work.target.kernel)
    except BadKernel as error:
        return [], [], [], str(error)
    refused = []
    for step in work.steps:
        verdict = _load(kernel, work, step.path, step.options)
        if verdict:
            refused.append(verdict)
    tried = []
    for path in work.tries:
        with kernel.trial():
            tried.append(_load(kernel, work, path, "") or _plain(_loads(work.target, path)))
    rows = [(it.name, it.size, it.users or 0, it.holders) for it in kernel.loaded()]
    return rows, refused, tried, ""


def _load(kernel: EmulatedKernel, work: Work, path: str, options: str) -> list[Any] | None:
    """Load the file ``path``; None if the kernel accepts it, else the plain verdict."""
    before = kernel.log()[-1].number
    data: Contents = b""
    try:
        data = contents.read(path)
        kernel.init_module(data, options.encode("utf-8", "surrogateescape"))
    except (BadModule, Refused) as error:
        log = tuple(line.text for line in kernel.log(before))
        with kernel.trial():
            every = kernel.causes_against(data) if isinstance(error, Refused) else ()
        causes = tuple(dict.fromkeys((*kernel.causes, *every)))
        return _plain(_refused(work, path, Trial(error.errno, log, causes)))
    except ModutilsError as error:  # gone since the directory was read
        return _plain(_loads(work.target, path)._replace(errno=error.errno, log=(str(error),)))
    return None


def _loads(target: Target, path: str) -> Verdict:
    name = os.path.basename(path).partition(".")[0].replace("-", "_")
    return Verdict(name, name, path, target.label, 0, (), (), ())


def _refused(work: Work, path: str, trial: Trial) -> Verdict:
    """The verdict on a refused module, as in check."""
    module, kernel = Candidate.read(path), work.target.kernel
    exports = {name.encode("utf-8", "surrogateescape") for name in kernel.exports}
    context = Context(
        module=module,
        target=work.target,
        targets=[work.target],
        trees=[None],
        providers=Providers(exports, kernel.release, [Pool([module])]),
        tree=None,
        builtins=frozenset(),
        trial=trial,
        expects=module.expects,
        firmware="",
        detailed=False,
    )
    findings = tuple(errors(context, trial.causes))
    return Verdict(module.name, module.name, path, work.target.label, trial.errno, trial.log, (), findings)


def _plain(verdict: Verdict) -> list[Any]:
    return [*verdict[:-1], [[bare(it) for it in finding] for finding in verdict.findings]]
