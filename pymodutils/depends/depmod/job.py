"""The input of a depmod call."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pymodutils.root import Root


class Job(NamedTuple):
    """The parsed options of a depmod call."""

    root: Root  # links are resolved within it
    release: str
    top: str  # the module directory
    out: str  # directory of the database: the module directory, unless -o
    config: tuple[str, ...] = ()  # configuration files and directories instead of the default ones
    files: tuple[str, ...] = ()  # only these modules
    compat: int = 34  # the version of kmod to match
    prefix: str = ""  # a leading character of symbols to ignore
    warn: bool = False  # report duplicate lines
    version: str = ""  # version of this program
    cache: str = ""  # the cache file, if used
    errsyms: bool = False  # report unresolved symbols
    symvers: str = ""  # the Module.symvers to compare with
    filesyms: str = ""  # the System.map to compare with
