"""A run of depmod: configuration, module files, and the cache of earlier runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils.depends.depmod import config, tree
from pymodutils.depends.depmod.cache import Cache
from pymodutils.depends.depmod.files import leftovers, names
from pymodutils.regular import opener

if TYPE_CHECKING:
    from pymodutils.depends.depmod.job import Job
    from pymodutils.log import Log


class Run:
    """The run of a job; messages go to ``log``.

    Raises NotFound if there is no such directory or file.
    """

    def __init__(self, job: Job, log: Log) -> None:
        self.job, self.log = job, log
        self.kernel = _kernel_symbols(job, log)
        places = job.config or config.directories(job.root, job.compat)
        self.config = config.read(places, job.release, log, job.root)
        self.cache = Cache(job, self.config)
        if job.files:
            self.cache.take(tree.existing(job.files))
        elif not self.cache.take_unchanged():
            walk = tree.find(job.top, self.config, log, job.root)
            self.cache.take(walk.found, walk.directories if walk.steady else [])
        self.messages = log.messages


def _kernel_symbols(job: Job, log: Log) -> dict[str, int] | None:
    """The exports of the kernel itself, from the given file."""
    if job.symvers or job.filesyms:
        from pymodutils.depends.depmod import verify  # noqa: PLC0415 -- only with -E or -F

        if job.symvers:
            return verify.of_symvers(job.symvers, job.prefix, log)
        return verify.of_system_map(job.filesyms, job.prefix, log)
    return None


def is_outdated(run: Run) -> bool:
    """Whether a module is newer than modules.dep, or not in it, or gone, or a file of the database is.

    Leftovers of a killed run may mean that only some files are new. kmod only compares mtimes, so it misses
    removed modules and new ones with an old mtime.
    """
    job, log, paths = run.job, run.log, run.cache.paths
    try:
        made = os.stat(f"{job.out}/modules.dep").st_mtime_ns
    except OSError as error:
        log.error(f"could not fstatat({job.out}, modules.dep): {error.strerror}")
        return True
    try:
        if any(os.stat(job.root.follow(path)).st_mtime_ns > made for path in paths):
            return True
    except OSError:  # removed since it was listed
        return True
    if leftovers(job.out) or not all(os.path.exists(f"{job.out}/{name}") for name in names(job.compat)):
        return True
    with open(f"{job.out}/modules.dep", "rb", opener=opener) as file:
        listed = {line.partition(b":")[0] for line in file}
    modules = tree.choose(job.top, paths, run.config, log, job.root, compat=job.compat)
    return listed != {module.listed for module in modules}
