"""What one call of depmod is to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pymodutils.root import Root


class Job(NamedTuple):
    """One call of depmod, its words understood."""

    root: Root  # whose links are followed
    release: str
    top: str  # the module directory
    out: str  # where the database goes: the module directory, unless -o
    config: tuple[str, ...] = ()  # files and directories instead of the default ones
    files: tuple[str, ...] = ()  # only these modules
    compat: int = 34  # the version of kmod whose bytes are written
    prefix: str = ""  # a character before symbols that does not count
    warn: bool = False  # about duplicate lines
    version: str = ""  # of this program
    cache: str = ""  # the file with facts of earlier runs, if they are to be used
    errsyms: bool = False  # say which symbols nobody has
    symvers: str = ""  # the Module.symvers to compare with
    filesyms: str = ""  # the System.map to compare with
