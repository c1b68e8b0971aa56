"""depmod of 2.4: module dependencies and device maps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf import search
from pymodutils.linux24.depmod import module_facts
from pymodutils.linux24.depmod.tables import HEADINGS, LATER
from pymodutils.linux24.kernel.ksyms import is_heading
from pymodutils.linux24.modprobe.dependencies import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymodutils.linux24.depmod.module_facts import ModuleFacts
    from pymodutils.linux24.insmod.report import RunMessages

CHECKSUM: Final = re.compile(r"(.+)_R.*[0-9a-fA-F]{8}")
GPLONLY: Final = "GPLONLY_"
ALWAYS: Final = ("mod_use_count_", "__this_module")  # provided by insmod
STRINGS: Final = re.compile(
    r"__kstrtab_(?:__(?:sparc_)?dot_(?P<dot>\w+)|(?P<name>\w+))|__export_priv_(?P<private>\w+)"
)
KERNEL: Final = "-"
UNSPACED: Final = "inputmap"  # where nothing parts a long name from what follows


def kernel_symbols(text: str) -> list[str]:
    """The exported symbols in a System.map, a copy of /proc/ksyms, or the output of ksyms -a."""
    rows = [line.split() for line in text.splitlines() if line.split() and not is_heading(line)]
    if any(len(row) > 2 and len(row[1]) == 1 for row in rows[:1]):  # noqa: PLR2004 -- address, kind, name
        found = [STRINGS.fullmatch(row[2]) for row in rows if len(row) > 2]  # noqa: PLR2004
        return [_exported(match) for match in found if match]
    return [row[-1] for row in rows if not row[-1].startswith("[")]


def _exported(match: re.Match[str]) -> str:
    """The name of the symbol whose string ``match`` is."""
    if match["dot"]:
        return f".{match['dot']}"
    return match["name"] or f"__{match['private']}"


def read_modules(paths: Iterable[str], report: RunMessages) -> list[ModuleFacts]:
    """The facts of the modules in ``paths``, except unreadable ones."""
    found = []
    for path in paths:
        try:
            found.append(module_facts.read(path, report.error))
        except ModutilsError as error:
            report.error(str(error))
    return found


class Dependencies:
    """The owners of symbols: the kernel, then modules in order; the first definition takes precedence.

    With ``loose``, names may differ in their checksum.
    """

    def __init__(self, kernel: Iterable[str], modules: list[ModuleFacts], *, loose: bool) -> None:
        self.modules, self.loose = modules, loose
        names = [*ALWAYS, *(name.removeprefix(GPLONLY) for name in kernel)]
        self.owner: dict[str, str] = dict.fromkeys(names, KERNEL)
        for module in modules:
            for name in module.exports:
                self.owner.setdefault(name, module.path)

    def of(self, module: ModuleFacts) -> tuple[list[str], list[str]]:
        """The files that ``module`` needs, and its unresolved symbols."""
        needs: dict[str, None] = {}
        open_: list[str] = []
        for name in module.needs:
            owner = self._owner(name)
            if owner is None:
                open_.append(name)
            elif owner not in (KERNEL, module.path):
                needs[owner] = None
        return list(needs), open_

    def _owner(self, name: str) -> str | None:
        found = self.owner.get(name)
        bare = CHECKSUM.fullmatch(name) if self.loose and found is None else None
        return self.owner.get(bare[1]) if bare else found


def files(
    dependencies: Dependencies, report: RunMessages, base: str, *, quiet: bool, names: bool
) -> tuple[Mapping[str, str], bool]:
    """The text of each file, modules.dep first, and whether no symbol is unresolved.

    With ``names``, each unresolved symbol is reported.
    """
    rows, complete = [], True
    for module in dependencies.modules:
        needs, unresolved = dependencies.of(module)
        complete = complete and not unresolved
        if unresolved and not quiet:
            before = report.errors
            report.error(f"*** Unresolved symbols in {module.path}")
            for name in unresolved if names else ():
                report.error(f"\t{name}")
            report.errors = before  # it is none without -u
        report.detail(module.path.removeprefix(base))
        rows.append((module.path.removeprefix(base), [path.removeprefix(base) for path in needs]))
    made = {"dep": "".join(rules(rows))}
    for name, heading in {**HEADINGS, **LATER}.items():
        gap = "" if name == UNSPACED else " "
        lines = [
            f"{search.key(module.path):<20}{gap}{line}"
            for module in dependencies.modules
            for line in module.maps.get(name, ())
        ]
        if lines or name in HEADINGS:
            made[name] = "".join(f"{line}\n" for line in (heading, *lines))
    return made, complete
