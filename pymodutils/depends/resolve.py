"""Resolve names to modules, and modules to their dependencies and configuration, by kmod's rules."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from pymodutils import names
from pymodutils.depends.by_pattern import ByPattern
from pymodutils.depends.directory import ALIAS, BUILTIN, BUILTIN_ALIAS, DEP, SYMBOLS
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.depends.config import Alias, Command, Config, Options, Softdep
    from pymodutils.depends.directory import ModuleDirectory


class Reason(NamedTuple):
    """A reason: its kind, a text, and the file (and line) that it comes from."""

    kind: str
    text: str
    place: str = ""


class Module(NamedTuple):
    """A module that a name resolved to; distinct for each alias."""

    name: str
    alias: str = ""  # the pattern of an alias line, or the name in an index
    file: str = ""  # given by the user instead of a name, or by the line of modules.dep
    reasons: tuple[Reason, ...] = ()
    install: Command | None = None  # the line that led here, which then takes precedence over the first
    remove: Command | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The identity of a module."""
        return self.name, self.alias


class Soft(NamedTuple):
    """The resolved soft dependencies of a module."""

    pre: tuple[Module, ...] = ()
    post: tuple[Module, ...] = ()


class Resolver:
    """Resolves with a configuration and a module directory."""

    def __init__(self, config: Config, directory: ModuleDirectory) -> None:
        self.config = config
        self.directory = directory
        self._found: dict[str, list[Module]] = {}
        self._soft: dict[str, Soft] = {}
        self._aliases, self._softdeps = ByPattern(config.aliases), ByPattern(config.softdeps)
        self._installs, self._removes = ByPattern(config.installs), ByPattern(config.removes)
        self._options: dict[str, list[tuple[int, Options]]] = {}
        for numbered in enumerate(config.options):
            self._options.setdefault(numbered[1].module, []).append(numbered)

    def lookup(self, name: str) -> list[Module]:
        """The modules that ``name`` (a module, an alias, a symbol: name) resolves to; the first stage wins.

        Empty if there are none, or if ``name`` has an unmatched bracket.
        """
        if name not in self._found:
            self._found[name] = self._lookup(name)
        return self._found[name]

    def _lookup(self, name: str) -> list[Module]:
        try:
            alias = names.normalize_alias(name)
        except ModutilsError:
            return []
        stages = (
            self._configured,
            self._known,
            self._symbol,
            self._commanded,
            self._aliased,
            self._builtin,
            self._builtin_aliased,
        )
        return next(filter(None, (stage(alias) for stage in stages)), [])

    def _configured(self, alias: str) -> list[Module]:
        return [
            Module(line.module, line.pattern, reasons=(_alias_line(line),))
            for line in self._aliases.all(alias)
        ]

    def _known(self, alias: str) -> list[Module]:
        if ":" in alias or self.directory.entry(alias) is None:
            return []
        return [Module(alias, reasons=(self._from(DEP, "name", f"{alias} is a module"),))]

    def _symbol(self, alias: str) -> list[Module]:
        return self._indexed(SYMBOLS, alias) if alias.startswith("symbol:") else []

    def _commanded(self, alias: str) -> list[Module]:
        name = names.normalize(alias)
        for line in self.config.installs:
            if line.pattern == alias:
                return [Module(name, reasons=(command_line("install", line),), install=line)]
        for line in self.config.removes:
            if line.pattern == alias:
                return [Module(name, reasons=(command_line("remove", line),), remove=line)]
        return []

    def _aliased(self, alias: str) -> list[Module]:
        return self._indexed(ALIAS, alias)

    def _builtin(self, alias: str) -> list[Module]:
        if not self.directory.is_builtin(alias):
            return []
        return [Module(alias, reasons=(self.built_in(alias),))]

    def _builtin_aliased(self, alias: str) -> list[Module]:
        return self._indexed(BUILTIN_ALIAS, alias)

    def _indexed(self, index: str, alias: str) -> list[Module]:
        reason = self._from(index, "index", alias)
        return [Module(name, alias, reasons=(reason,)) for name in self.directory.search(index, alias)]

    def _from(self, index: str, kind: str, text: str) -> Reason:
        return Reason(kind, text, self.directory.file(index))

    def built_in(self, name: str) -> Reason:
        """The reason to skip the built-in module ``name``."""
        return self._from(BUILTIN, "builtin", f"{name} is built into the kernel")

    def path(self, module: Module) -> str:
        """The file of ``module``; "" if the directory has none."""
        if module.file:
            return module.file
        entry = self.directory.entry(module.name)
        return self.directory.located(entry.path) if entry else ""

    def needs(self, module: Module) -> list[Module]:
        """The dependencies of ``module``, in load order."""
        entry = self.directory.entry(module.name)
        if entry is None:
            return []
        reason = self._from(DEP, "dep", f"{module.name} needs it")
        return [
            Module(names.of_path(path), file=self.directory.located(path), reasons=(reason,))
            for path in reversed(entry.needs)
        ]

    def soft(self, module: Module) -> Soft:
        """The soft dependencies in the first line for ``module``."""
        if module.name not in self._soft:
            line = self.softdep(module)
            self._soft[module.name] = self._resolved(line) if line else Soft()
        return self._soft[module.name]

    def softdep(self, module: Module) -> Softdep | None:
        """The soft dependency line for ``module``: the first."""
        return self._softdeps.first(module.name)

    def _resolved(self, line: Softdep) -> Soft:
        text = " ".join(["softdep", line.pattern, *_listed("pre:", line.pre), *_listed("post:", line.post)])
        reason = Reason("softdep", text, str(line.place))
        pre, post = (self._targets(targets, reason) for targets in (line.pre, line.post))
        return Soft(pre, post)

    def _targets(self, targets: Iterable[str], reason: Reason) -> tuple[Module, ...]:
        return tuple(
            found._replace(reasons=(reason, *found.reasons))
            for target in targets
            for found in self.lookup(target)
        )

    def options(self, module: Module) -> list[Options]:
        """The option lines for ``module`` or the alias that led to it."""
        found = (self._options.get(name, []) for name in {module.name, module.alias or module.name})
        return [line for _, line in sorted(chain.from_iterable(found))]

    def install(self, module: Module) -> Command | None:
        """The install line for ``module``: the first."""
        return module.install or self._installs.first(module.name)

    def remove(self, module: Module) -> Command | None:
        """The remove line for ``module``: the first."""
        return module.remove or self._removes.first(module.name)

    def blacklisted(self, module: Module) -> Reason | None:
        """The blacklist line for the exact name of ``module``."""
        for line in self.config.blacklists:
            if line.module == module.name:
                return Reason("blacklist", f"blacklist {line.module}", str(line.place))
        return None


def in_file(path: str, typed: str) -> Module:
    """The module in the file ``path``, given as ``typed``."""
    return Module(names.of_path(path), file=path, reasons=(Reason("path", f"the file {typed} was named"),))


def command_line(word: str, line: Command) -> Reason:
    """The reason for an install or remove line."""
    return Reason(word, f"{word} {line.pattern} {line.command}", str(line.place))


def _alias_line(line: Alias) -> Reason:
    return Reason("alias", f"alias {line.pattern} {line.module}", str(line.place))


def _listed(word: str, targets: tuple[str, ...]) -> list[str]:
    return [word, *targets] if targets else []
