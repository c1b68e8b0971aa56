"""A kernel with its module directory under a machine's configuration."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pymodutils.depends import builtin, cmdline, parameters
from pymodutils.depends.config import Config, SourceLine
from pymodutils.depends.directory import ALIAS
from pymodutils.depends.module_info import ModuleFile
from pymodutils.depends.resolve import Module, Resolver
from pymodutils.errors import BadLine, ModutilsError
from pymodutils.kernel.sources import config as configurations
from pymodutils.names import normalize
from pymodutils.preflight.fresh import FreshDirectory
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.checks.target import Target
    from pymodutils.profile.profile import Profile
    from pymodutils.root import Root

MODULE, BUILTIN, UNLISTED, ABSENT = "module", "built in", "built in, not listed", ""
DEPENDS_ONLY: Final = ("kernel/arch/", "kernel/crypto/", "kernel/lib/", "kernel/drivers/crypto/")
CONFIGS: Final = ("{top}/boot/config-{release}", "{tree}/config", "{tree}/build/.config")
CLASS_ONLY: Final = re.compile(r"^pci:v\*d\*|^usb:v\*p\*")


class System:
    """The kernel ``target`` with its modules in ``tree`` and the configuration of ``profile``."""

    def __init__(self, target: Target, tree: str, profile: Profile, root: Root) -> None:
        self.target, self.tree, self.label = target, tree, target.label
        self.release = target.kernel.release or target.label
        self.directory = FreshDirectory(tree, root=root)
        self.resolver = Resolver(_config(profile, tree), self.directory)
        self._states: dict[str, str] = {}
        self._info: dict[str, list[tuple[str, str]]] = {}

    def lookup(self, alias: str) -> list[Module]:
        """The modules that ``alias`` resolves to, including blacklisted ones."""
        return self.resolver.lookup(alias)

    def serving(self, alias: str) -> list[str]:
        """The names of the modules that udev may load for ``alias``, or of built-in ones."""
        return [
            it.name
            for it in self.lookup(alias)
            if not self.resolver.blacklisted(it) and self.state(it.name) != ABSENT
        ]

    def state(self, name: str) -> str:
        """Where the module ``name`` is in this kernel: MODULE, BUILTIN, UNLISTED or ABSENT."""
        name = normalize(name)
        if name not in self._states:
            self._states[name] = self._state(name)
        return self._states[name]

    def _state(self, name: str) -> str:
        if self.directory.entry(name):
            return MODULE
        if self.directory.is_builtin(name):
            return BUILTIN
        return UNLISTED if name in self._evidence or self._configured(name) else ABSENT

    @cached_property
    def _evidence(self) -> frozenset[str]:
        """Names in modules.builtin.modinfo or the image; modules.builtin is incomplete."""
        try:
            with open(
                f"{self.tree}/{builtin.MODINFO}", encoding="utf-8", errors="surrogateescape", opener=opener
            ) as file:
                names_ = (entry.partition(".")[0] for entry in file.read().split("\0"))
                found = {normalize(name) for name in names_ if name}
        except OSError:
            found = set()
        return frozenset(found.union(self.target.kernel.builtins or ()))

    @cached_property
    def options(self) -> dict[str, str]:
        """The kernel's configuration, if it is next to the image or modules."""
        top = self.tree.partition("/lib/modules/")[0].removesuffix("/usr")
        for pattern in CONFIGS:
            path = pattern.format(top=top, tree=self.tree, release=self.release)
            try:
                with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as file:
                    return configurations.options(file.read())
            except OSError:
                continue
        return {}

    def _configured(self, name: str) -> bool:
        return self.options.get(name.upper()) == "y"

    def place(self, name: str) -> str:
        """The module's file relative to the module directory; empty if there is none."""
        entry = self.directory.entry(normalize(name))
        return entry.path.removeprefix(f"{self.tree}/") if entry else ""

    def path(self, name: str) -> str:
        """The module's file."""
        entry = self.directory.entry(normalize(name))
        return self.directory.located(entry.path) if entry else ""

    def is_library(self, name: str) -> bool:
        """Whether ``name`` is only called by other code: ciphers, checksums."""
        return self.place(name).startswith(DEPENDS_ONLY)

    def info(self, name: str) -> list[tuple[str, str]]:
        """The .modinfo entries of the module ``name``, built in or not; empty if they cannot be read."""
        name = normalize(name)
        if name not in self._info:
            try:
                self._info[name] = self._read(name)
            except ModutilsError:
                self._info[name] = []
        return self._info[name]

    def _read(self, name: str) -> list[tuple[str, str]]:
        path = self.path(name)
        if not path:
            return builtin.modinfo(self.tree, name)
        with ModuleFile(path) as module:
            return module.entries

    def parameters(self, name: str) -> set[str]:
        """The names of the parameters of ``name``."""
        return {it.name for it in parameters.read(self.info(name))[0]}

    def firmware(self, name: str) -> list[str]:
        """The firmware files that ``name`` may request."""
        return [value for key, value in self.info(name) if key == "firmware"]

    def by_class(self, alias: str, name: str) -> bool:
        """Whether ``name`` claims ``alias`` only by device class."""
        found = [pattern for pattern, module in self.directory.patterns(ALIAS, alias) if module == name]
        return bool(found) and all(map(CLASS_ONLY.match, found))

    @cached_property
    def names(self) -> list[str]:
        """The names of all modules."""
        return [name for name, _ in self.directory.items("modules.dep")]


def _config(profile: Profile, tree: str) -> Config:
    """The configuration that modprobe would read: files, the module directory's own, the command line."""
    found = Config()
    for place, text in profile.config:
        file, _, number = place.rpartition(":")
        _add(found, text, SourceLine(file, int(number) if number.isdigit() else 0))
    found.read(f"{tree}/modules.softdep", lambda _: None, 34)
    cmdline.add(found, profile.cmdline, SourceLine(cmdline.CMDLINE), lambda _: None)
    return found


def _add(config: Config, line: str, place: SourceLine) -> None:
    try:
        config.add(line, place, 34)
    except BadLine:
        pass  # modprobe ignores it too


def similar(name: str, known: Sequence[str]) -> str:
    """The name in ``known`` most similar to ``name``; empty if there is none."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only for missing modules

    return next(iter(get_close_matches(name, known, 1, 0.75)), "")
