"""One module on one freshly booted emulated kernel."""

from __future__ import annotations

from contextlib import ExitStack
from errno import ENOEXEC
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf import compress, contents
from pymodutils.errors import BadModule, NotFound, Refused
from pymodutils.kernel.base import Init
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind
from pymodutils.kernel.emulated.load.finit_module import compression

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymodutils.checks.candidate import Candidate
    from pymodutils.kernel.description import Description
    from pymodutils.mapped import Contents


FIRST_ONLY: Final = "it reads only the first of several streams"


class Trial(NamedTuple):
    """The result of a load; ``stopped`` is the dependency that was refused, if any."""

    errno: int = 0
    log: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()  # including those past the first refusal
    taints: str = ""  # taint flags that the module adds
    stopped: str = ""
    stopped_log: tuple[str, ...] = ()  # log lines about that one

    @property
    def foreign(self) -> bool:
        """Whether the module is built for another machine."""
        return any(cause.kind is CauseKind.MACHINE for cause in self.causes)


class Level(NamedTuple):
    """A dependency that has been tried, and how to undo it."""

    path: str
    name: str
    trial: Trial
    undo: ExitStack


class Bench:
    """A booted kernel that is restored after each trial.

    Dependencies stay loaded while the next trial starts with the same ones.
    """

    def __init__(self, kernel: Description, params: Mapping[str, str], cmdline: str) -> None:
        self.kernel, self.params = EmulatedKernel.boot(kernel, cmdline=cmdline), params
        self.kernel.keeps_memory = False
        self._levels: list[Level] = []

    def attempt(self, module: Candidate, needed: Sequence[Candidate]) -> Trial:
        """Load ``needed``, then ``module``, even if a dependency is refused."""
        self._prepare(needed)
        with self.kernel.trial():
            found = self._load(module)
        refused = [level for level in self._levels if level.trial.errno]
        if found.errno:
            every = dict.fromkeys((*found.causes, *self.all_causes(module, refused)))
            found = found._replace(causes=tuple(every))
        if not refused:
            return found
        return found._replace(stopped=refused[0].name, stopped_log=refused[0].trial.log)

    def all_causes(self, module: Candidate, refused: Sequence[Level] = ()) -> Sequence[Cause]:
        """Every cause against ``module``, as if its ``refused`` dependencies were loaded."""
        with self.kernel.trial():
            for level in refused:
                self._causes(level.path, "")
            return self._causes(module.path, module.name)

    def _causes(self, path: str, name: str) -> Sequence[Cause]:
        try:
            return self.kernel.causes_against(contents.read(path), self.params.get(name, "").encode())
        except (BadModule, NotFound):
            return ()

    def _prepare(self, needed: Sequence[Candidate]) -> None:
        """Load exactly the modules in ``needed``."""
        same = 0
        for level, module in zip(self._levels, needed, strict=False):
            if level.path != module.path:
                break
            same += 1
        while len(self._levels) > same:
            self._levels.pop().undo.close()
        for module in needed[same:]:
            undo = ExitStack()
            undo.enter_context(self.kernel.trial())
            self._levels.append(Level(module.path, module.name, self._load(module), undo))

    def _load(self, module: Candidate) -> Trial:
        """Load ``module`` as kmod 31 does: compressed, if the kernel decompresses that format.

        If the kernel cannot decompress it, the decompressed module is tried too, to find further causes.
        """
        before = self.kernel.log()[-1].number
        params, first = self.params.get(module.name, "").encode(), Trial()
        try:
            data = contents.content(module.path)
            packing = compress.packing_of(data)
            if packing == (compression(self.kernel.rules) or "none"):
                first = self._compressed(data, params, before)
                if first.errno and _is_longer(data, module.path):
                    first = first._replace(causes=(Cause(CauseKind.COMPRESSION, packing, FIRST_ONLY),))
                if not any(cause.kind is CauseKind.COMPRESSION for cause in first.causes):
                    return first
            self.kernel.init_module(contents.decompress(data, module.path), params)
        except (BadModule, NotFound, Refused) as error:
            found = self._told(before, first.errno or error.errno or ENOEXEC)
        else:
            found = self._told(before, first.errno)._replace(taints=self.kernel.loaded()[0].taints)
        return found._replace(causes=first.causes + found.causes)

    def _compressed(self, data: Contents, params: bytes, before: int) -> Trial:
        try:
            self.kernel.load_file(data, params, Init.COMPRESSED_FILE)
        except Refused as error:
            return self._told(before, error.errno or ENOEXEC)
        return self._told(before, 0)._replace(taints=self.kernel.loaded()[0].taints)

    def _told(self, before: int, errno: int) -> Trial:
        lines = tuple(line.text for line in self.kernel.log(before))
        return Trial(errno, lines, tuple(self.kernel.causes))


def _is_longer(data: Contents, subject: str) -> bool:
    """Whether the compressed ``data`` holds more than its first stream, which is all that a kernel sees."""
    return len(contents.first(data, subject)[0]) < len(contents.decompress(data, subject))
