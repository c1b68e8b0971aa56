"""The kernel command line for modprobe: ``module.param=value`` and ``modprobe.blacklist=a,b``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.depends.config import Blacklist, Options, SourceLine
from pymodutils.errors import ModutilsError
from pymodutils.names import normalize_alias
from pymodutils.regular import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.depends.config import Config, Report
    from pymodutils.root import Root

CMDLINE: Final = "/proc/cmdline"
LIMIT: Final = 4095  # bytes read by kmod
SPACE: Final = " \t\n\v\f\r"
IGNORED: Final = "Ignoring bad option on kernel command line while parsing module name"
VOID: Final = frozenset(f'"{SPACE}')  # not allowed in a name
_ENDS: Final = dict.fromkeys(map(ord, SPACE), "\0")


def read(config: Config, root: Root, report: Report) -> None:
    """Add the options of the kernel command line, if there is one. ``report`` as for ``add``."""
    try:
        data = root.read(CMDLINE)[:LIMIT]
    except OSError as error:
        if error.strerror == REFUSED:
            report(f"{root.path(CMDLINE)}: {REFUSED}")
        return
    add(
        config,
        data.partition(b"\0")[0].decode("utf-8", "surrogateescape"),
        SourceLine(root.path(CMDLINE)),
        report,
    )


def add(config: Config, text: str, place: SourceLine, report: Report) -> None:
    """Add the options of the kernel command line ``text``; malformed words are ignored.

    ``report`` is called for an ignored module name with an unmatched bracket.
    """
    for module, param, value in parameters(text):
        try:
            name = normalize_alias(module)
        except ModutilsError as error:
            report(f"kcmdline_parse_result: {IGNORED}: '{error.subject}'")
            continue
        if name == "modprobe" and param == "blacklist" and value:
            config.blacklists += [Blacklist(name, place) for name in value[1:].split(",")]
        else:
            config.options.append(Options(name, (param + value).replace("\t", " "), place))


def parameters(text: str) -> Iterator[tuple[str, str, str]]:
    """(module, parameter, ``=value`` or ""); blanks inside double quotes do not end a word.

    ``"m.p=a b"`` equals ``m.p="a b"``; after an unclosed quote, the rest is ignored.
    """
    for word in _words(text):
        quoted = word.startswith('"')
        name, equals, value = word[quoted:].partition("=")
        module, dot, param = name.partition(".")
        if dot and "." not in param and not VOID.intersection(name):
            yield module, param, f'="{value}' if quoted and equals else equals + value


def _words(text: str) -> list[str]:
    parts = text.split('"')
    marked = [part if at % 2 else part.translate(_ENDS) for at, part in enumerate(parts)]
    closed = len(parts) % 2 == 1
    found = '"'.join(marked).split("\0")
    return found if closed else found[:-1]
