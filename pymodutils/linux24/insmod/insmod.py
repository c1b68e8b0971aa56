"""insmod on a 2.4 kernel: find the file of a module, and load it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.elf import compress
from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf import search
from pymodutils.linux24.conf.config import ModulesConf, read
from pymodutils.linux24.insmod.ksymtab import Origin
from pymodutils.linux24.insmod.loading import Loading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.insmod.calls import SystemCalls
    from pymodutils.linux24.insmod.options import InsmodOptions
    from pymodutils.linux24.insmod.report import RunMessages


def insmod(
    kernel: SystemCalls, path: str, words: Sequence[str], options: InsmodOptions, report: RunMessages
) -> int:
    """Load the module in the file ``path`` with the parameters ``words``; the exit status.

    Without "/" and "." it is a name: search the paths of modules.conf for its file.
    """
    try:
        config = configured(kernel, report, root=options.root)
        if "/" in path or "." in path:
            report.detail(f"Using {path}")
        else:
            path = searched(config, path)
            report.say(f"Using {path}")
        data = compress.read(path)
    except ModutilsError as error:
        report.error(str(error))
        return 1
    return Loading(kernel, path, options, report, config).run(data, words, Origin(path))


def configured(kernel: SystemCalls, report: RunMessages, *, root: bool) -> ModulesConf:
    """The paths of modules.conf; modules not owned by root are skipped unless ``root``."""
    config = ModulesConf(kernel.release)
    read(config)
    config.refuse = None if root else report.error
    return config


def searched(config: ModulesConf, name: str) -> str:
    """The file of the module ``name`` in the paths of ``config``; raises ModutilsError if there is none."""
    for pattern in (name, f"{name}.o", f"{name}.o.gz"):
        found = search.files(config, pattern)
        if found:
            return found[0]
    raise ModutilsError(name, f"{name}: no module by that name found")
