"""modinfo: show module metadata."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

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

FORMS = {"text": text, "json": documents, "table": rows}
PACKED = 50  # cost of a compressed file relative to a plain one
BUILD_ID_SINCE = 35  # the version of kmod
MANY = 500  # files, from which on more processes are used


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
    form: str,
) -> int:
    """Show the metadata of modules, given by file, name or alias, including built-in ones."""
    log = Log(ctx.info_name or "modinfo")
    if not words:
        log.error("missing module or filename.")
        return 1
    folder = root.modules(base and absolute(base), release)
    finder = Finder(folder, root.of(base))
    found = lookup(words, finder.find_name if modname else finder.find)
    failed = False
    for shown in rendered(found, form, Selection(field, null, int(compat) >= BUILD_ID_SINCE)):
        show(shown, form, lines=len(found) > 1)
        if shown.said:
            library(shown.said)
        for error in shown.errors:
            log.error(error)
        failed |= shown.failed
    if any(isinstance(each, NotFound) for each in found) and (hint := hints.about(folder)):
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


def rendered(found: Sequence[ModuleInfo | NotFound], form: str, selection: Selection) -> Iterator[Rendered]:
    """Each module rendered, in order; by several processes if there is much to read."""
    make = partial(render, FORMS[form], selection=selection)
    weight = sum(
        PACKED if module.is_compressed else 1 for module in found if not isinstance(module, NotFound)
    )
    if selection.field == "filename" or weight < MANY:
        return map(make, found)
    from pymodutils import parallel  # noqa: PLC0415 -- rarely needed

    made = parallel.ordered(lambda module: tuple(make(module)), found, parallel.cores())
    return (Rendered(*parts) for parts in made)


def show(shown: Rendered, form: str, *, lines: bool) -> None:
    """Print one module."""
    if form == "text":
        sys.stdout.buffer.write("".join(shown.pieces).encode("utf-8", "surrogateescape"))
    elif form == "json":
        for document in shown.pieces:
            output.as_json(document, lines=lines)
    elif shown.pieces:
        output.as_table(("module", "field", "value"), shown.pieces)
