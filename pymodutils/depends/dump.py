"""``modprobe -c``: the configuration as lines, and all aliases in the indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.depends.directory import ALIAS, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.depends.config import Config, Softdep
    from pymodutils.depends.directory import ModuleDirectory

TITLE: Final = "\n# End of configuration files. Dumping indexes now:\n"


def lines(config: Config, directory: ModuleDirectory, *, blanks_lost: bool = False) -> Iterator[str]:
    """The lines of kmod by kind; each index is one text of many lines.

    ``blanks_lost`` reproduces kmod's bug of joining the ``pre:`` and the ``post:`` part.
    """
    yield from (f"blacklist {line.module}" for line in config.blacklists)
    yield from (f"install {line.pattern} {line.command}" for line in config.installs)
    yield from (f"remove {line.pattern} {line.command}" for line in config.removes)
    yield from (f"alias {line.pattern} {line.module}" for line in config.aliases)
    yield from (f"options {line.module} {line.text}" for line in config.options)
    yield from (_softdep(line, "" if blanks_lost else " ") for line in config.softdeps)
    yield from (f"weakdep {line.pattern} {' '.join(line.names)}" for line in config.weakdeps)
    yield TITLE
    for index in (ALIAS, SYMBOLS):
        if found := directory.lines(index, "alias ", " "):
            yield "\n".join(found)


def _softdep(line: Softdep, between: str) -> str:
    parts = [" ".join(["pre:", *line.pre])] * bool(line.pre) + [" ".join(["post:", *line.post])] * bool(
        line.post
    )
    return f"softdep {line.pattern} {between.join(parts)}"
