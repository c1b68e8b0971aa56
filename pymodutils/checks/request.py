"""The request for a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING: Final[Mapping[str, str]] = {}


class Request(NamedTuple):
    """What is to be checked."""

    modules: Sequence[str]  # files, directories, packages
    kernels: Sequence[str] = ("running",)  # sources, patterns
    more: Sequence[str] = ()  # where needed modules may be taken from
    params: Mapping[str, str] = NOTHING  # name of a module -> its parameters
    firmware: str = ""  # a folder
    cached: bool = True
    cmdline: str = ""  # of every kernel
    trust: Sequence[str] = ()  # files with certificates that every kernel trusts for modules
    run: bool = False  # whether init() of what loads is run, too
