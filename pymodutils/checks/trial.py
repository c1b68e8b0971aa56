"""One module on one kernel that has just booted: what an emulated kernel says to it."""

from __future__ import annotations

from errno import ENOEXEC
from typing import TYPE_CHECKING, NamedTuple

from pymodutils.elf import compress
from pymodutils.errors import ModutilsError
from pymodutils.kernel.emulated.kernel import EmulatedKernel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.checks.candidate import Candidate
    from pymodutils.kernel.description import Description
    from pymodutils.kernel.emulated.causes import Cause


class Trial(NamedTuple):
    """What the kernel did; ``stopped`` is the needed module that it refused, if any."""

    errno: int = 0
    log: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    taints: str = ""  # the letters that the module brings
    stopped: str = ""


class Bench:
    """A kernel as described, as good as new for each trial."""

    def __init__(self, kernel: Description) -> None:
        self.kernel = EmulatedKernel.boot(kernel)

    def attempt(self, module: Candidate, needed: Sequence[Candidate], params: Mapping[str, str]) -> Trial:
        """Load ``needed``, then ``module``; if one of the first fails, ``module`` is tried all the same."""
        with self.kernel.trial():
            refused = [it.name for it in needed if self._load(it, params).errno]
            return self._load(module, params)._replace(stopped=refused[0] if refused else "")

    def _load(self, module: Candidate, params: Mapping[str, str]) -> Trial:
        before = self.kernel.log()[-1].number
        try:
            self.kernel.init_module(compress.read(module.path), params.get(module.name, "").encode())
        except ModutilsError as error:
            return self._told(before, error.errno or ENOEXEC)
        return self._told(before, 0)._replace(taints=self.kernel.loaded()[0].taints)

    def _told(self, before: int, errno: int) -> Trial:
        lines = tuple(line.text for line in self.kernel.log(before))
        return Trial(errno, lines, tuple(self.kernel.causes))
