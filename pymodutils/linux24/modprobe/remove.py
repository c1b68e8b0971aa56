"""modprobe -r: remove modules with their dependencies, or those that autoclean finds."""

from __future__ import annotations

from errno import EBUSY
from typing import TYPE_CHECKING

from pymodutils.errors import Refused
from pymodutils.linux24.conf import search
from pymodutils.linux24.insmod import calls
from pymodutils.linux24.modprobe.run import Failed
from pymodutils.linux24.modprobe.stack import NoSuchModule, Off
from pymodutils.linux24.struct_module import AUTOCLEAN, USED_ONCE, VISITED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.linux24.modprobe.probes import ProbeLists
    from pymodutils.linux24.modprobe.run import ModprobeRun
    from pymodutils.linux24.modprobe.stack import Stacks, Wanted


class Remover:
    """Removes modules in one run; ``errno`` is why the last one stayed."""

    def __init__(
        self,
        run: ModprobeRun,
        stacks: Stacks,
        probes: ProbeLists,
        show: Callable[[Sequence[Wanted]], None],
    ) -> None:
        self.run, self.stacks, self.probes, self.show = run, stacks, probes, show
        self.errno = 0

    def remove(self, words: Sequence[str]) -> int:
        """Remove modules and their dependencies; return how many of ``words`` could not be removed."""
        failed = 0
        for name in words:
            if not self._unload(name):
                failed += 1
                if not self.run.flags.quiet:
                    self.run.report.perror(name, self.errno)
        return failed

    def _unload(self, name: str) -> bool:
        name = search.key(name)
        with self.probes.opened(name) as found:
            if found:
                return sum(not self._unload(other) for other in found.words) == 0
        try:
            stack = self.stacks.stack(name, removing=True)
        except Off:
            return True
        except NoSuchModule:
            return self.rmmod(name, [name], complain=True)
        self.show(stack)
        done = True
        for wanted in stack:
            if wanted.kname in calls.module_names(self.run.kernel):
                meant = wanted.kname == name
                removed = self.rmmod(wanted.kname, wanted.names, complain=meant)
                done = done and (removed or not meant)
        return done

    def rmmod(self, kname: str, names: Sequence[str], *, complain: bool) -> bool:
        """Remove one module with its commands; return whether it is gone."""
        run = self.run
        if kname not in calls.module_names(run.kernel):
            return True
        known = calls.known(run.kernel, kname)
        if known.refs or known.usecount:
            self.errno = EBUSY
            return False
        loud = complain and not run.flags.quiet
        try:
            run.commands("pre-remove", names, complain=loud)
            if not run.commands("remove", names, of=kname, complain=loud):
                run.report.detail(f"# delete {kname}")
                if not run.flags.dry_run:
                    run.kernel.delete_module(kname)
            run.commands("post-remove", names, complain=loud)
        except Failed:
            return False
        except Refused as refused:
            self.errno = refused.errno
            if loud:
                run.report.perror(kname, refused.errno)
            return False
        return True

    def clean(self) -> int:
        """Remove autoclean modules that were used but not visited; return the exit status."""
        run = self.run
        for module in calls.modules(run.kernel):
            flags = module.flags
            idle = flags & AUTOCLEAN and flags & USED_ONCE and not flags & VISITED
            if idle and not module.refs and not module.usecount:
                self.rmmod(module.name, [module.name], complain=False)
        run.report.detail("# autoclean")
        if not run.flags.dry_run:
            run.kernel.delete_module(None)
        return 0
