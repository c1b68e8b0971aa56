"""Persistent parameters: a file with a SYMBOL=VALUE on each line that insmod -e applies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pymodutils.regular import opener

if TYPE_CHECKING:
    from pymodutils.linux24.conf.config import ModulesConf
    from pymodutils.linux24.insmod.options import InsmodOptions
    from pymodutils.linux24.insmod.report import RunMessages

ENDINGS = (".o", ".mod")


def persist_file(path: str, options: InsmodOptions, config: ModulesConf, report: RunMessages) -> str:
    """The file of -e for the module in ``path``, which has persistent parameters, or ""."""
    found = options.persist or ""
    if options.persist == "":
        found = f"{config.persistdir}/{relative}" if (relative := _relative(path, config)) else ""
        if not found:
            report.error("Cannot calculate persistent filename")
    if found and not found.startswith("/"):
        report.error(f"Persistent filenames must be absolute, ignoring '{found}'")
        found = ""
    if found and not options.ksymoops:
        report.error("has persistent data but ksymoops symbols are not available")
        found = ""
    report.detail(f"Persist filename '{found}'" if found else "No persistent filename available")
    return found


def _relative(path: str, config: ModulesConf) -> str:
    """``path`` relative to the first matching path of modules.conf, without its suffix."""
    for _, folder in config.paths:
        if path.startswith(f"{folder.rstrip('/')}/"):
            bare = path[len(folder.rstrip("/")) :].lstrip("/").removesuffix(".gz")
            ending = next((end for end in ENDINGS if bare.endswith(end)), "")
            return bare.removesuffix(ending)
    return ""


def words(path: str, report: RunMessages) -> list[str] | None:
    """The parameters in the file ``path``, without comments; None if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as file:
            lines = [line.removesuffix("\n").lstrip() for line in file]
    except OSError as error:
        report.detail(f"Cannot open persist file '{path}' {os.strerror(error.errno or 0)}")
        return None
    return [line for line in lines if line and not line.startswith("#")]
