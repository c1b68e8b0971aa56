"""The options of insmod."""

from __future__ import annotations

from typing import NamedTuple


class InsmodOptions(NamedTuple):
    """The command line options; ``persist`` is None without -e."""

    force: bool = False
    autoclean: bool = False
    load_map: bool = False
    noload: bool = False
    probe: bool = False
    quiet: bool = False
    kallsyms: bool = False
    export: bool = True
    ksymoops: bool = True
    root: bool = False
    name: str = ""
    prefix: str | None = None
    blob: str = ""
    persist: str | None = None
