"""One job as far as every call goes: its configuration, its module files, what is remembered of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.depends.depmod import config, tree
from pymodutils.depends.depmod.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.depends.depmod.job import Job
    from pymodutils.log import Log

    Progress = Callable[[int, int], object]


class Run:
    """One job; messages go to ``log``, ``progress`` hears (modules read, of how many).

    Raises NotFound if there is no such directory or file.
    """

    def __init__(self, job: Job, log: Log, progress: Progress) -> None:
        self.job, self.log, self.progress = job, log, progress
        self.kernel = _kernel_symbols(job, log)
        places = job.config or config.directories(job.root, job.compat)
        self.config = config.read(places, job.release, log)
        paths = tree.existing(job.files) if job.files else tree.find(job.top, self.config, log)
        self.said = log.said
        self.memory = Memory(job, self.config, paths)


def _kernel_symbols(job: Job, log: Log) -> dict[str, int] | None:
    """What the kernel itself exports, by the file that was named."""
    if job.symvers or job.filesyms:
        from pymodutils.depends.depmod import verify  # noqa: PLC0415 -- only with -E or -F

        if job.symvers:
            return verify.of_symvers(job.symvers, job.prefix, log)
        return verify.of_system_map(job.filesyms, job.prefix, log)
    if job.errsyms:
        log.warning("-e needs -E or -F")
    return None
