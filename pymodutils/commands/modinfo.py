"""modinfo: show module metadata."""

from __future__ import annotations

import sys
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from pymodutils import names
from pymodutils.commands import options, output
from pymodutils.commands.generation import Generations
from pymodutils.commands.modinfo_formats import Rendered, Selection, documents, render, rows, text
from pymodutils.depends import hints
from pymodutils.depends.find import Finder, absolute
from pymodutils.errors import NotFound
from pymodutils.log import Log, library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pymodutils.depends.module_info import ModuleInfo
    from pymodutils.root import Root

    Operand = str | ModuleInfo | NotFound

FORMATS = {"text": text, "json": documents, "table": rows}
PACKED = 50  # cost of a compressed file relative to a plain one
BUILD_ID_SINCE = 35  # the version of kmod
MANY = 500  # files, from which on more processes are used
BLOCK = 16  # modules rendered by one process at a time
FEW = 2  # processes of which this one is one; printing what more of them render is work enough


def only(letter: str, word: str, field: str) -> Callable[[Any], Any]:
    """An option equivalent to ``-F field``; the last one takes precedence."""
    return click.option(f"-{letter}", f"--{word}", "field", flag_value=field, help=f"Print only '{field}'.")


@click.command(
    "modinfo",
    cls=Generations,
    examples=[
        ("modinfo -p loop", "the parameters of loop"),
        ("modinfo ./my.ko", "a file, installed or not"),
        ("modinfo -k 6.1.0-50-amd64 -n ext4", "the path of ext4 for another kernel"),
        ("modinfo --format json -b /mnt ext4", "everything as JSON"),
    ],
)
@click.argument("words", nargs=-1, metavar="MODULE|ALIAS|FILE...")
@only("a", "author", "author")
@only("d", "description", "description")
@only("l", "license", "license")
@only("p", "parameters", "parm")
@only("n", "filename", "filename")
@click.option("-F", "--field", "field", metavar="NAME", help="Print only the values of NAME.")
@click.option("-0", "--null", is_flag=True, help="End values with NUL instead of newline.")
@click.option("-m", "--modname", is_flag=True, help="Treat operands as module names only.")
@click.option(
    "-k", "--set-version", "release", metavar="VERSION", help="Use the modules of this kernel release."
)
@click.option("-b", "--basedir", "base", metavar="DIR", default="", help="Use DIR/lib/modules.")
@options.compat("34", "With 35, show the build ID, as the next kmod will.")
@options.machine
@options.output_format("json", "table")
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    field: str | None,
    null: bool,
    modname: bool,
    release: str | None,
    base: str,
    compat: str,
    root: Root,
    format_: str,
) -> int:
    """Show the metadata of modules, given by file, name or alias, including built-in ones."""
    log = Log(ctx.info_name or "modinfo")
    if not words:
        log.error("missing module or filename.")
        return 1
    folder = root.modules(base and absolute(base), release)
    finder = Finder(folder, root.of(base))
    find = finder.find_name if modname else finder.find
    found: Sequence[Operand] = words if len(words) >= MANY else lookup(words, find)
    failed = missing = False
    for shown in rendered(found, find, format_, Selection(field, null, int(compat) >= BUILD_ID_SINCE)):
        show(shown, format_, lines=len(found) > 1)
        if shown.message:
            library(shown.message)
        for error in shown.errors:
            log.error(error)
        failed |= shown.failed
        missing |= shown.missing
    if missing and (hint := hints.about(folder)):
        log.warning(hint)
    return int(failed)


def lookup(words: Iterable[str], find: Callable[[str], list[ModuleInfo]]) -> list[ModuleInfo | NotFound]:
    """The modules that ``words`` resolve to; the failure in place of a word that does not resolve."""
    found: list[ModuleInfo | NotFound] = []
    for word in words:
        try:
            found += find(word)
        except NotFound as error:
            found.append(error)
    return found


def rendered(
    found: Sequence[Operand], find: Callable[[str], list[ModuleInfo]], format_: str, selection: Selection
) -> Iterator[Rendered]:
    """Each module rendered, in order; words are looked up here. Much is read by several processes."""
    make = partial(render, FORMATS[format_], selection=selection)

    def block(first: int) -> list[Rendered]:
        operands = found[first : first + BLOCK]
        modules = (lookup([each], find) if isinstance(each, str) else [each] for each in operands)
        return [make(module) for module in chain.from_iterable(modules)]

    blocks = range(0, len(found), BLOCK)
    if selection.field == "filename" or sum(map(_weight, found)) < MANY:
        return chain.from_iterable(map(block, blocks))
    from pymodutils import libc, parallel  # noqa: PLC0415 -- rarely needed

    libc.reuse_memory()

    def values(first: int) -> list[tuple[Any, ...]]:
        return [tuple(_joined(each) if format_ == "text" else each) for each in block(first)]

    workers = parallel.cores()
    made = parallel.ordered(values, blocks, workers, here=1 if workers <= FEW else 0)
    return (Rendered(*parts) for part in made for parts in part)


def _weight(operand: Operand) -> int:
    """The relative cost of reading ``operand``."""
    if isinstance(operand, NotFound):
        return 0
    path = operand if isinstance(operand, str) else operand.filename
    return PACKED if path.endswith(names.EXTENSIONS[1:]) else 1


def _joined(shown: Rendered) -> Rendered:
    """The same text in one piece."""
    return shown._replace(pieces=["".join(shown.pieces)])


def show(shown: Rendered, format_: str, *, lines: bool) -> None:
    """Print one module."""
    if format_ == "text":
        sys.stdout.buffer.write("".join(shown.pieces).encode("utf-8", "surrogateescape"))
    elif format_ == "json":
        for document in shown.pieces:
            output.as_json(document, lines=lines)
    elif shown.pieces:
        output.as_table(("module", "field", "value"), shown.pieces)
