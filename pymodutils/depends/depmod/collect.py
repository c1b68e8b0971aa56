"""Gather the contents of the database from the module files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from pymodutils.depends.depmod import emit, order, tree
from pymodutils.depends.depmod.scan import scan
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pymodutils.depends.depmod.run import Run
    from pymodutils.depends.depmod.tree import IndexedModule
    from pymodutils.elf.facts import Facts


WHY_SINCE: Final = 34  # the first version of kmod that reports errors in compressed data


class Collection(NamedTuple):
    """The result: the modules in order, their facts, and errors."""

    modules: list[IndexedModule]
    facts: list[Facts]
    damaged: list[str]  # paths of modules that could not be read completely
    unmet: int  # unresolved symbols and version mismatches; counted only with -e


class Collector:
    """Does the work of a run that needs the contents of modules.

    ``progress`` is called with (modules read, total).
    """

    def __init__(self, run: Run, progress: Callable[[int, int], object] = lambda _done, _total: None) -> None:
        self.run, self.job, self.log, self.cache = run, run.job, run.log, run.cache
        self.progress = progress

    def collect(self) -> Collection:
        """The facts of all modules, cached or read now, while choosing among modules of equal name."""
        found = self.cache.recall()
        todo = [path for path in self.cache.paths if path not in found]
        modules: list[IndexedModule] = []
        files = [self.job.root.follow(path) for path in todo]
        scanned = scan(files, lambda: self._choose(modules), lambda done: self.progress(done, len(todo)))
        found.update(zip(todo, [each.facts for each in scanned], strict=True))
        errors = {path: each for path, each in zip(todo, scanned, strict=True) if each.error}
        damaged = [module.path for module in modules if module.path in errors] if errors else []
        for path in damaged:
            _, error, why = errors[path]
            if why and self.job.compat >= WHY_SINCE:
                self.log.error(why)
            self.log.error(f"failed to load symbols from {path}: {os.strerror(error)}")
        facts = [found[module.path] for module in modules]
        return Collection(modules, facts, damaged, self._unmet(modules))

    def _choose(self, modules: list[IndexedModule]) -> None:
        """Choose among modules of equal name while other processes read: fill ``modules``."""
        job = self.job
        config, log = self.run.config, self.log
        modules += tree.choose(job.top, self.cache.paths, config, log, job.root, compat=job.compat)

    def _unmet(self, modules: Sequence[IndexedModule]) -> int:
        """Report unresolved symbols if requested; return their number."""
        if self.run.kernel is None or not self.job.errsyms:
            return 0
        from pymodutils.depends.depmod import verify  # noqa: PLC0415 -- only with -e

        paths = {module.path: self.job.root.follow(module.path) for module in modules}
        count = 0
        for complaint in verify.complaints(
            paths, self.run.kernel, self.job.prefix, versions=bool(self.job.symvers)
        ):
            self.log.warning(complaint)
            count += 1
        return count

    def write(self, collection: Collection) -> None:
        """Write the database; raises ModutilsError if there are cycles, or the system refuses."""
        from pymodutils.depends.depmod import write  # noqa: PLC0415 -- not needed for -n and --check

        write.make_room(self.job)
        known = self._known(collection)
        write.write(known, lambda: self._completed(known), self.job, self.log)

    def database(self, collection: Collection) -> emit.IndexContents:
        """The data of all files; reports cycles and raises ModutilsError if there are any."""
        return self._completed(self._known(collection))

    def _known(self, collection: Collection) -> emit.IndexContents:
        """The data of the files without dependencies."""
        owners = order.owners([facts.exports for facts in collection.facts], self.job.prefix.encode())
        return emit.IndexContents(collection.modules, collection.facts, (), owners)

    def _completed(self, known: emit.IndexContents) -> emit.IndexContents:
        """``known`` with its dependencies."""
        needs = order.direct([facts.needs for facts in known.facts], known.owners, self.job.prefix.encode())
        numbers = order.number(needs)
        if -1 in numbers:
            self._refuse_cycles(known.modules, needs, numbers)
        return known._replace(dependencies=order.closures(needs, numbers))

    def reasons(self, collection: Collection) -> Iterator[str]:
        """For each direct dependency, the first symbol that causes it, as printed by -v."""
        prefix = self.job.prefix.encode()
        owners = order.owners([facts.exports for facts in collection.facts], prefix)
        for module, facts in zip(collection.modules, collection.facts, strict=True):
            for owner, symbol in order.first_uses(facts.needs, owners, prefix).items():
                name = symbol.decode("utf-8", "surrogateescape")
                yield f'{module.path} needs "{name}": {collection.modules[owner].path}'

    def _refuse_cycles(
        self, modules: Sequence[IndexedModule], needs: Sequence[Sequence[int]], numbers: Sequence[int]
    ) -> NoReturn:
        """Report each cycle; raises ModutilsError."""
        from pymodutils.depends.depmod import cycles  # noqa: PLC0415 -- only for cycles

        ways, count = cycles.named([os.fsdecode(module.name) for module in modules], needs, numbers)
        for way in ways:
            self.log.error(f"Cycle detected: {' -> '.join(way)}")
        raise ModutilsError(self.job.top, f"Found {count} modules in dependency cycles!")

    def is_unchanged(self, collection: Collection) -> bool:
        """Whether neither the facts in the database nor its files have changed."""
        if not self.job.cache or collection.damaged:
            return False
        return self.cache.is_same(_by_path(collection)) and self.cache.is_written()

    def keep(self, collection: Collection, *, written: bool) -> None:
        """Keep the facts for the next run, and the state of the database if ``written`` without faults."""
        if not self.job.cache:
            return
        faultless = not collection.damaged and self.log.messages == self.run.messages
        self.cache.keep(_by_path(collection), written=written and faultless)


def _by_path(collection: Collection) -> dict[str, Facts]:
    damaged = set(collection.damaged)
    return {
        module.path: facts
        for module, facts in zip(collection.modules, collection.facts, strict=True)
        if module.path not in damaged
    }
