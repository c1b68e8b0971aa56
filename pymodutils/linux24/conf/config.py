"""The configuration in modules.conf."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.errors import ModutilsError
from pymodutils.linux24.conf import built_in
from pymodutils.linux24.conf.conditions import Conditions
from pymodutils.linux24.conf.words import Expander, lines, split
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Callable

PLACES: Final = ("/etc/modules.conf", "/etc/conf.modules")
VARIABLE: Final = "MODULECONFIG"  # environment variable with another file
DEEPEST: Final = 20  # maximum depth of includes
STEPS: Final = ("pre-install", "install", "post-install", "pre-remove", "remove", "post-remove")
LISTS: Final = ("above", "below", "prune", "probe", "probeall", "options", "alias")
LINE: Final = re.compile(r"([^\s=]*)(=?)\s*(.*)", re.DOTALL)


class ModulesConf:
    """The parsed modules.conf for a kernel of ``release``; ``lists`` are by keyword, then by name.

    ``base`` is the root of the module tree; ``autoclean`` is set with -k.
    """

    def __init__(self, release: str, base: str = "", *, autoclean: bool = False) -> None:
        self.release, self.base, self.autoclean = release, base, autoclean
        self.expander = Expander(release)
        root = f"{base}/lib/modules"
        self.paths = [("boot", f"{root}/boot"), ("toplevel", f"{root}/{release}")]
        self.paths += [("toplevel", f"{root}/{'.'.join(release.split('.')[:2])}")]
        self.paths += [(kind, f"{root}/{kind}") for kind in built_in.TYPES]
        self.lists: dict[str, dict[str, list[str]]] = {word: {} for word in LISTS}
        self.lists["prune"] = {name: [] for name in built_in.PRUNE}
        self.lists["alias"] = {name: [module] for name, module in built_in.ALIASES.items()}
        self.kept: set[str] = set()  # modules with -k in their options: never autoclean
        for line in built_in.OPTIONS:
            name, *words = line.split()
            self.lists["options"][name] = words
        self.commands: list[tuple[str, str, str]] = []  # step, module, command
        self.insmod_options: list[str] = []
        self.persistdir = "/var/lib/modules/persist"
        names = (*built_in.FILES, built_in.DEP)
        self.files = {name: f"{root}/{release}/modules.{name}" for name in names}
        self.file, self.mtime = "", 0.0
        self.safe = False  # whether nothing of the command line is expanded
        self.refuse: Callable[[str], None] | None = None  # called with files that are not root's

    def command(self, step: str, module: str) -> str:
        """The command for ``step`` of ``module``, or ""."""
        return next((text for when, name, text in self.commands if (when, name) == (step, module)), "")


def read(config: ModulesConf, path: str = "") -> list[str]:
    """Parse the file ``path`` or the default one, which may be absent; return the invalid lines.

    Raises ModutilsError.
    """
    named = path or os.environ.get(VARIABLE, "")
    found = named or next((place for place in PLACES if os.path.exists(place)), "")
    return _Reader(config).read(found, 0) if found else []


class ConfLine(NamedTuple):
    """An active line, at the include depth ``depth``."""

    word: str
    assigns: bool
    rest: str
    adding: bool
    number: int
    depth: int


class _Reader:
    def __init__(self, config: ModulesConf) -> None:
        self.config, self.expander = config, config.expander
        self.set_files: set[str] = set()
        self.wrong: list[str] = []

    def read(self, path: str, depth: int) -> list[str]:
        config = self.config
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", opener=opener) as file:
                text = file.read()
                config.mtime = os.fstat(file.fileno()).st_mtime
        except OSError:
            raise ModutilsError(path, f"Can't open {path}") from None
        config.file = path
        self.drop_default = True
        conditions = Conditions(path, self.expander, autoclean=config.autoclean)
        for number, line in lines(text):
            adding = line.startswith("add")
            bare = line.removeprefix("add").lstrip()
            found = LINE.fullmatch(bare)
            word, assigns, rest = found.groups() if found else (bare, "", "")
            if not assigns and conditions.take(word, rest, number):
                continue
            if conditions.is_true and not self._obey(
                ConfLine(word, bool(assigns), rest, adding, number, depth)
            ):
                self.wrong.append(f"Invalid line {number} in {path}\n\t{line}")
        if len(conditions.levels) > 1:
            raise ModutilsError(path, f"missing endif at {path} EOF")
        return self.wrong

    def _obey(self, line: ConfLine) -> bool:
        """Process ``line``; return whether it is valid."""
        if line.assigns:
            return self._assign(line.word, line.rest)
        if line.word == "include":
            self._include(line)
        elif line.word in LISTS:
            self._list(line)
        elif line.word in STEPS:
            module, *command = line.rest.split(None, 1)
            self._command(line.word, module, "".join(command))
        elif line.word == "define":
            name, *value = line.rest.split(None, 1)
            self.expander.defined[name] = self.expander.word("".join(value))
        elif line.word == "keep":
            self.drop_default = False
        else:
            return False
        return True

    def _include(self, line: ConfLine) -> None:
        if line.depth > DEEPEST:
            raise ModutilsError(self.config.file, f"Too many include level in line {line.number}\n")
        dropping = self.drop_default
        try:
            self.read(self.expander.word(line.rest) or line.rest, line.depth + 1)
        except ModutilsError as error:
            self.wrong += [str(error), f"include {line.rest} failed\n"]
        self.drop_default = dropping

    def _list(self, line: ConfLine) -> None:
        word, words = line.word, split(line.rest)
        adding = line.adding and word != "alias"
        keeps = word == "options" and words[:1] == ["-k"]
        name, *items = (words[1:] if keeps else words) or [""]
        if keeps:
            self.config.kept.add(name)
        elif word == "options" and not adding:
            self.config.kept.discard(name)
        target = self.config.lists[word]
        found = self.expander.words(" ".join(items))
        target[name] = [*target.get(name, []), *found] if adding else found

    def _command(self, step: str, module: str, command: str) -> None:
        commands = self.config.commands
        at = next((at for at, each in enumerate(commands) if each[:2] == (step, module)), len(commands))
        commands[at : at + 1] = [(step, module, command)]

    def _assign(self, word: str, rest: str) -> bool:
        config = self.config
        if word.startswith("path"):
            self._path(word, rest)
        elif word == "insmod_opt":
            config.insmod_options = rest.split()
        elif word == "persistdir":
            config.persistdir = self.expander.word(rest) or rest
        elif word.removesuffix("file") in config.files and word.endswith("file"):
            name = word.removesuffix("file")
            if name not in self.set_files:
                self.set_files.add(name)
                config.files[name] = config.base + self.expander.word(rest)
        else:
            return False
        return True

    def _path(self, word: str, rest: str) -> None:
        if self.drop_default:
            self.config.paths.clear()
        self.drop_default = False
        found = re.fullmatch(r"path\[([^]]*)\]", word)
        kind = found[1] if found else "misc"
        self.config.paths += [(kind, self.config.base + path) for path in self.expander.words(rest)]
