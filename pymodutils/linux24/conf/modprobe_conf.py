"""Convert modules.conf to modprobe.conf, like generate-modprobe.conf of module-init-tools."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.linux24.conf.config import ModulesConf

MODPROBE: Final = "/sbin/modprobe"
TRUE: Final = "/bin/true"
NOTHING: Final = ("off", "null")  # targets of aliases to no module
MAJOR: Final = re.compile(r"(?:char|block)-major-\d+")  # in 2.6 with a minor number


def convert(config: ModulesConf) -> Iterator[str]:
    """The lines of modprobe.conf."""
    yield from _aliases(config.lists["alias"])
    for name, words in config.lists["options"].items():
        rest, kname = _without_name(words)
        if kname:
            yield f"install {name} {MODPROBE} -o {kname} --ignore-install {name}"
        if rest:
            yield f"options {name} {' '.join(rest)}"
    for name, words in config.lists["probe"].items():
        yield f"install {name} " + " || ".join(f"{MODPROBE} {word}" for word in words)
        yield f"remove {name} " + " || ".join(f"{MODPROBE} -r {word}" for word in words)
    for name, words in config.lists["probeall"].items():
        yield f"install {name} {_all(MODPROBE, words)} {TRUE}"
        yield f"remove {name} {_all(f'{MODPROBE} -r', words)} {TRUE}"
    for name in _changed(config):
        yield from _commands(config, name)


def _aliases(aliases: dict[str, list[str]]) -> Iterator[str]:
    for name in aliases:
        target, seen = name, {name}
        while aliases.get(target) and aliases[target][0] not in seen:
            target = aliases[target][0]
            seen.add(target)
        if target in NOTHING:
            yield f"install {name} {TRUE}"
        else:
            yield f"alias {name}{'-*' if MAJOR.fullmatch(name) else ''} {target}"


def _without_name(words: Sequence[str]) -> tuple[list[str], str]:
    """``words`` without -o NAME, and that name."""
    rest = list(words)
    if "-o" not in rest[:-1]:
        return rest, ""
    at = rest.index("-o")
    return rest[:at] + rest[at + 2 :], rest[at + 1]


def _changed(config: ModulesConf) -> list[str]:
    """The modules with commands before or after them, in file order."""
    names = [*config.lists["above"], *config.lists["below"], *(module for _, module, _ in config.commands)]
    return list(dict.fromkeys(names))


def _commands(config: ModulesConf, name: str) -> Iterator[str]:
    """Install and remove lines for the module ``name``, with the commands before and after."""
    above, below = config.lists["above"].get(name, []), config.lists["below"].get(name, [])
    before = [*(f"{MODPROBE} {word}" for word in below), *_step(config, "pre-install", name)]
    after = [*(f"{MODPROBE} {word}" for word in above), *_step(config, "post-install", name)]
    own = _step(config, "install", name) or [f"{MODPROBE} --first-time --ignore-install {name}"]
    if before or after or config.command("install", name):
        text = f"{{ {'; '.join(before)}; }} ; " if before else ""
        text += own[0]
        yield f"install {name} {text}" + (f" && {{ {'; '.join(after)}; {TRUE}; }}" if after else "")
    before = [*(f"{MODPROBE} -r {word}" for word in above), *_step(config, "pre-remove", name)]
    after = [*_step(config, "post-remove", name), *(f"{MODPROBE} -r {word}" for word in below)]
    own = _step(config, "remove", name) or [f"{MODPROBE} -r --first-time --ignore-remove {name}"]
    if before or after or config.command("remove", name):
        text = f"{{ {'; '.join(before)}; }} ; " if before else ""
        yield f"remove {name} {text}{own[0]}" + (f" && {{ {'; '.join(after)}; {TRUE}; }}" if after else "")


def _step(config: ModulesConf, step: str, name: str) -> list[str]:
    command = config.command(step, name)
    return [command] if command else []


def _all(command: str, words: Sequence[str]) -> str:
    return " ".join(f"{command} {word};" for word in words)
