"""Parse command lines like getopt_long(3), on top of click.

Click supports neither unambiguous prefixes of long options nor getopt's messages, and exits with 2 where
kmod exits with 1. So the words are normalised here before click parses them.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pymodutils.errors import Exit
from pymodutils.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KMOD_VERSION = "34"
HELP_WIDTH = 100  # maximum width, and never more than that of the terminal
EXAMPLE_WIDTH = 46  # columns of a command line that has its explanation on the same line
OURS, OLD = "Options that kmod does not have", "Deprecated options"
COMMANDS = (
    "cache",
    "call",
    "check",
    "graph",
    "hooks",
    "kernel",
    "completion",
    "preflight",
    "talk",
    "kunit",
    "profile",
)  # not in kmod, and always called through pymodutils
NO_GROUPS: Mapping[str, Sequence[str]] = {}
LEAVING = ("--help", "--version")
FEATURES = "+ZSTD +XZ +ZLIB -OPENSSL"


class Extra(click.Option):
    """An option with a long name that kmod does not have; it never makes a prefix of kmod's ambiguous."""


class Attached(Extra):
    """An option, not in kmod, with an optional attached value: ``--wait``, ``--wait=5``.

    Without a value it is the empty string.
    """


class Tool(click.Command):
    """A click command that parses its words like getopt, with ``-h`` and ``-V``.

    ``examples`` are (command line, explanation) pairs for the end of ``-h``. ``groups`` are titles there,
    each with one name of every option listed below it.
    """

    def __init__(
        self,
        *args: Any,
        examples: Sequence[tuple[str, str]] = (),
        groups: Mapping[str, Sequence[str]] = NO_GROUPS,
        **kwargs: Any,
    ) -> None:
        settings = {"max_content_width": HELP_WIDTH}
        super().__init__(*args, **{"context_settings": settings, **kwargs, "add_help_option": False})
        self.examples = examples
        self.groups = groups
        self.params += [
            click.Option(
                ["-V", "--version"],
                is_flag=True,
                callback=_version,
                expose_value=False,
                help="Show the version and exit.",
            ),
            click.Option(
                ["-h", "--help"],
                is_flag=True,
                callback=_help,
                expose_value=False,
                help="Show this text and exit.",
            ),
        ]

    def chosen(self, prog: str, words: Sequence[str]) -> Tool:  # noqa: ARG002 -- for overriding classes
        """The tool that handles ``words``."""
        return self

    def call(self, prog: str, path: str, words: Sequence[str]) -> int:
        """Run the command with ``words``; return its status. ``path`` is argv[0] for getopt's errors."""
        try:
            ours = prog.partition(" ")[0] in COMMANDS
            canonical = Words(self, path, suggests=ours).read(words)
            with self.make_context(f"pymodutils {prog}" if ours else prog, canonical) as context:
                return int(self.invoke(context) or 0)
        except click.exceptions.Exit as leave:
            return leave.exit_code
        except click.MissingParameter as error:
            usage = error.ctx.get_usage() if error.ctx else ""
            raise_usage(prog, f"missing argument: {' '.join(usage.split()[1:])}")
        except click.ClickException as error:
            raise_usage(prog, " ".join(error.format_message().split("\n\t")))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options: ungrouped ones, the groups, those not in kmod, deprecated ones."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": [], **{title: [] for title in self.groups}}
        sections |= {OURS: [], OLD: []}
        for option in self.get_params(ctx):
            row = option.get_help_record(ctx) if isinstance(option, click.Option) else None
            if row:
                sections[self._section(ctx, option, row[1])].append(row)
        for title, rows in sections.items():
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _section(self, ctx: click.Context, option: click.Parameter, text: str) -> str:
        titles = (title for title, names in self.groups.items() if {*names} & {*option.opts})
        if text.startswith("Deprecated"):
            return OLD
        differs = isinstance(option, Extra) and not (ctx.info_name or "").startswith("pymodutils ")
        return next(titles, OURS if differs else "Options")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples after the options."""
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_dl(self.examples, col_max=EXAMPLE_WIDTH)
        super().format_epilog(ctx, formatter)


def raise_usage(prog: str, text: str) -> NoReturn:
    """Report an error in the command line and exit with kmod's status 1."""
    sys.stderr.write(f"{prog}: ERROR: {text}\n")
    raise Exit(1)


class Words:
    """The words of a command line, parsed from the left like getopt_long.

    Errors have getopt's text; with ``suggests``, they name the most similar option.
    """

    def __init__(self, command: click.Command, path: str, *, suggests: bool = False) -> None:
        self.path, self.suggests = path, suggests
        self.options = [param for param in command.params if isinstance(param, click.Option)]
        self.names = {name: option for option in self.options for name in option.opts}

    def read(self, words: Sequence[str]) -> list[str]:
        """The command line with full option names, each value in a word of its own, operands last.

        Raises Exit(1) after printing getopt's text. Words after -h or -V are ignored.
        """
        todo, options, operands = deque(words), list[str](), list[str]()
        posix = "POSIXLY_CORRECT" in os.environ
        while todo:
            word = todo.popleft()
            if word == "--":
                operands += todo
                break
            if not word.startswith("-") or word == "-":
                operands.append(word)
                if posix:
                    operands += todo
                    break
                continue
            read = self._long(word, todo) if word.startswith("--") else self._bundle(word, todo)
            options += read
            if read[-1] in LEAVING and not self._takes_value(read[-2 if read[1:] else -1]):
                break
        return [*options, "--", *operands]

    def _long(self, word: str, todo: deque[str]) -> list[str]:
        typed, equals, value = word.partition("=")
        name = self._whole(typed, word)
        if not self._takes_value(name):
            if equals:
                self._refuse(f"option '{name}' doesn't allow an argument")
            return [name]
        if equals or isinstance(self.names[name], Attached):
            return [name, value]
        if not todo:
            self._refuse(f"option '{name}' requires an argument")
        return [name, todo.popleft()]

    def _whole(self, typed: str, word: str) -> str:
        """The option of which ``typed`` is an unambiguous prefix: kmod's names first, then ours."""
        if typed in self.names:
            return typed
        for ours in (False, True):
            found = {
                name: option
                for name, option in self.names.items()
                if name.startswith(typed) and isinstance(option, Extra) is ours
            }
            if len({id(option) for option in found.values()}) > 1:
                choices = " ".join(f"'{name}'" for name in found)
                self._refuse(f"option '{typed}' is ambiguous; possibilities: {choices}")
            if found:
                return next(iter(found))
        similar = suggestion(typed, self.names) if self.suggests else ""
        self._refuse(f"unrecognized option '{word}'{similar}")

    def _bundle(self, word: str, todo: deque[str]) -> list[str]:
        """The options in ``-vnw5``: flags, and at most one with the rest or the next word as its value."""
        read: list[str] = []
        for at, letter in enumerate(word[1:], start=2):
            name = f"-{letter}"
            if name not in self.names:
                byte = os.fsdecode(os.fsencode(letter)[:1])
                self._refuse(f"invalid option -- '{byte}'")
            read.append(self._long_name(name))
            if self._takes_value(name):
                if not word[at:] and not todo:
                    self._refuse(f"option requires an argument -- '{letter}'")
                return [*read, word[at:] or todo.popleft()]
            if read[-1] in LEAVING:
                break
        return read

    def _long_name(self, name: str) -> str:
        """A long name of the option, which click finds at once: a short one costs 3 ms."""
        return next((long for long in self.names[name].opts if long.startswith("--")), name)

    def _takes_value(self, name: str) -> bool:
        option = self.names[name]
        return not (option.is_flag or option.count)

    def _refuse(self, text: str) -> NoReturn:
        sys.stderr.write(f"{self.path}: {text}\n")
        raise Exit(1)


def _version(ctx: click.Context, _param: click.Parameter, given: bool) -> None:
    if given:
        from pymodutils import __version__  # noqa: PLC0415 -- only for -V

        click.echo(f"kmod version {KMOD_VERSION}\n{FEATURES} pymodutils {__version__}")
        ctx.exit()


def _help(ctx: click.Context, _param: click.Parameter, given: bool) -> None:
    if given:
        click.echo(ctx.get_help())
        ctx.exit()
