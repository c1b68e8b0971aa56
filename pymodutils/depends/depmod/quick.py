"""-A: is there anything to do at all?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils.depends.depmod import tree
from pymodutils.depends.depmod.files import leftovers, names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.depends.depmod.config import Config
    from pymodutils.depends.depmod.job import Job
    from pymodutils.log import Log


def is_outdated(job: Job, config: Config, paths: Sequence[str], log: Log) -> bool:
    """Whether a module is newer than modules.dep, or not in it, or gone, or a file of the database is.

    What a killed run left behind may mean that some files are new and others old.
    kmod only looks for newer modules, so it misses removed ones and those that come with an old date.
    """
    try:
        made = os.stat(f"{job.out}/modules.dep").st_mtime_ns
    except OSError as error:
        log.error(f"could not fstatat({job.out}, modules.dep): {error.strerror}")
        return True
    if any(os.stat(path).st_mtime_ns > made for path in paths):
        return True
    if leftovers(job.out) or not all(os.path.exists(f"{job.out}/{name}") for name in names(job.compat)):
        return True
    with open(f"{job.out}/modules.dep", "rb") as file:
        listed = {line.partition(b":")[0] for line in file}
    modules = tree.choose(job.top, paths, config, log, compat=job.compat)
    return listed != {module.listed for module in modules}
