"""The request for a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Request(NamedTuple):
    """What is to be checked."""

    modules: Sequence[str]  # files, directories, packages
    kernels: Sequence[str]  # sources, patterns
    more: Sequence[str]  # where needed modules may be taken from
    params: Mapping[str, str]  # name of a module -> its parameters
    firmware: str  # a folder
    cached: bool
    cmdline: str  # of every kernel
    trust: Sequence[str]  # files with certificates that every kernel trusts for modules
    run: bool  # whether init() of what loads is run, too
