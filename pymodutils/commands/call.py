"""``pymodutils call``: call a function of a module in a kernel booted in this process."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

import click

from pymodutils.commands import output
from pymodutils.commands.getopt import Tool, raise_usage
from pymodutils.kernel.booted import ends
from pymodutils.machine.results import Panicked
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymodutils.kernel.booted.live import LiveKernel
    from pymodutils.kernel.booted.module import LiveModule

PROG = "call"
EXAMPLES = [
    ("pymodutils call sample.ko sum_of '[1, 2, 3]' 3", "an array and a number"),
    ("pymodutils call sample.ko divide 17 5 '[0]' '[0]'", "out-parameters, which are printed"),
    ("pymodutils call -p debug=1 sample.ko greet world", "text; a module parameter"),
    (
        "pymodutils call -k vmlinuz sample.ko reset '{\"count\": 3}'",
        "a pointer to a structure; another kernel",
    ),
]


@click.command(cls=Tool, examples=EXAMPLES)
@click.argument("module", metavar="MODULE.ko")
@click.argument("function")
@click.argument("words", nargs=-1, metavar="[ARG]...")
@click.option(
    "-k", "--kernel", "image", default="", metavar="FILE", help="The kernel: an image, or a state file."
)
@click.option("-p", "--param", multiple=True, metavar="NAME=VALUE", help="Set a module parameter.")
@click.option("-l", "--log", "shown", is_flag=True, help="Print kernel messages from the load on.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Output format (text)."
)
def command(
    module: str,
    function: str,
    words: tuple[str, ...],
    image: str,
    param: tuple[str, ...],
    shown: bool,
    format_: str,
) -> int:
    """Load MODULE.ko into a kernel in this process and call FUNCTION, static or not, with each ARG.

    An ARG is a number, text, None, or an array or structure as a Python list or dict.
    No state is kept: the next call starts with the same kernel.
    """
    from pymodutils.kernel.booted.live import LiveKernel  # noqa: PLC0415 -- -h works without unicorn

    params = dict(_pair(word) for word in param)
    with LiveKernel.boot(image) as kernel:
        loaded = kernel.load(module, **params)
        arguments = [_value(word) for word in words]
        before = [repr(it) for it in arguments]
        try:
            found = loaded.call(function, *arguments)
        except ends.Ending as end:
            _print(kernel.transcript() if shown else end.log)
            raise
        except Panicked:
            _print(kernel.transcript())
            raise
        if shown:
            _print(kernel.transcript())
        report = _json if format_ == "json" else _text
        report(loaded, function, before, arguments, found)
        _warn(kernel)
    return 0


def _print(log: Iterable[str]) -> None:
    sys.stderr.writelines(f"{printable(line)}\n" for line in log)


def _text(module: LiveModule, function: str, before: list[str], arguments: list[Any], found: Any) -> None:
    values = ", ".join(before)
    number = f" ({int(found)})" if ends.is_status(found) else ""
    click.echo(f"{function}({printable(values)}) = {printable(repr(found))}{number}")
    parameters = module.prototype(function).parameters
    for at, (old, new) in enumerate(zip(before, arguments, strict=True)):
        if repr(new) != old:
            name = parameters[at].name if at < len(parameters) else ""
            click.echo(f"  {name or f'argument {at + 1}'} = {printable(repr(new))}")


def _json(_module: LiveModule, function: str, _before: list[str], arguments: list[Any], found: Any) -> None:
    error = found.name if ends.is_status(found) else None
    output.as_json(
        {"function": function, "result": _simple(found), "error": error, "arguments": _simple(arguments)}
    )


def _simple(value: Any) -> Any:
    """``value`` for JSON; bytes become a list of numbers."""
    if isinstance(value, bytes | bytearray):
        return list(value)
    if isinstance(value, list):
        return [_simple(it) for it in value]
    if isinstance(value, dict):
        return {name: _simple(it) for name, it in value.items()}
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _warn(kernel: LiveKernel) -> None:
    for text in ends.touched(kernel.guest.machine.touched, kernel.guest.symbol):
        sys.stderr.write(f"{PROG}: WARNING: {text}\n")


def _value(word: str) -> Any:
    """``word`` as a Python literal, or else as text."""
    try:
        found = ast.literal_eval(word)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return word
    return found if isinstance(found, int | str | bytes | list | dict | None) else word


def _pair(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise_usage(PROG, f"'{word}' is not NAME=VALUE")
    return name, value
