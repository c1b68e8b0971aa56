"""Describe a kernel from a headers directory: Module.symvers, .config and include/generated."""

from __future__ import annotations

import re
from typing import Final

from pymodutils.elf.ksymtab import Export
from pymodutils.errors import BadKernel
from pymodutils.kernel.description import Description

DEFINE: Final = re.compile(r'^#define UTS_(RELEASE|VERSION) "([^"\n]*)"$', re.MULTILINE)
KERNEL: Final = "vmlinux"  # the third column for exports of the kernel itself
KINDS: Final = ("EXPORT_SYMBOL", "EXPORT_SYMBOL_GPL", "EXPORT_UNUSED_SYMBOL", "EXPORT_UNUSED_SYMBOL_GPL")
KINDS_OF_OLD: Final = ("EXPORT_SYMBOL_GPL_FUTURE",)


def symvers(text: str, subject: str) -> Description:
    """The kernel's own exports in the Module.symvers ``text``; raises BadKernel naming the line.

    The columns are CRC, symbol, module, kind and (since 5.4) namespace, which is third in 5.4 and 5.5.
    """
    exports: dict[str, Export] = {}
    versions = False
    for number, line in enumerate(text.splitlines(), 1):
        columns = _columns(line.split("\t"))
        crc = _crc(columns[0]) if columns else None
        if columns is None or crc is None:
            raise BadKernel(
                f"{subject}:{number}", f"{subject}:{number}: not a line of Module.symvers: {line[:60]!r}"
            )
        versions = versions or bool(crc)
        if columns[2] == KERNEL:
            exports[columns[1]] = Export(None, crc, columns[3].endswith("_GPL"), columns[4])
    if exports and not versions:  # a kernel without MODVERSIONS writes zeros
        exports = {name: row._replace(crc=None) for name, row in exports.items()}
    switches = {"MODVERSIONS": versions} if exports else {}
    return Description(exports=exports, complete=bool(exports), switches=switches, sources=(subject,))


def _columns(words: list[str]) -> list[str] | None:
    """CRC, symbol, module, kind and namespace for any release; None if malformed."""
    if len(words) == 4 and words[3] in (*KINDS, *KINDS_OF_OLD):  # noqa: PLR2004 -- before 5.4
        return [*words, ""]
    if len(words) == 5 and words[3] in KINDS:  # noqa: PLR2004
        return words
    if len(words) == 5 and words[4] in (*KINDS, *KINDS_OF_OLD):  # noqa: PLR2004 -- 5.4 and 5.5
        return [words[0], words[1], words[3], words[4], words[2]]
    return None


def _crc(word: str) -> int | None:
    try:
        return int(word, 16)
    except ValueError:
        return None


def generated(text: str, source: str) -> Description:
    """The release or version in utsrelease.h, utsversion.h or the older compile.h."""
    found: dict[str, str] = dict(DEFINE.findall(text))
    return Description(
        release=found.get("RELEASE"), version=found.get("VERSION"), sources=(source,) if found else ()
    )
