"""Print results as JSON, tables, styled lines or files, and show progress; the only user of rich."""

from __future__ import annotations

import io
import sys
import time
from contextlib import contextmanager, redirect_stdout
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from pymodutils import writer
from pymodutils.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

LAST: Final = "└── "
DEEP: Final = 32  # maximum levels of indentation of a tree
UNFOLDED: Final = 10_000  # columns: wider than any table
COLOR: Final[dict[str, dict[str, Any]]] = {  # --color -> rich's force_terminal
    "auto": {},
    "always": {"force_terminal": True, "color_system": "standard"},
    "never": {"color_system": None},
}
COLOR_KEY: Final = "pymodutils.color"


def color(ctx: click.Context, _param: click.Parameter, when: str) -> None:
    """Apply ``--color``: a callback for click."""
    ctx.meta[COLOR_KEY] = when


def folds() -> bool:
    """Whether standard output is a terminal; output to files and pipes is not folded."""
    return sys.stdout.isatty()


def _console(**settings: Any) -> Console:
    from rich.console import Console  # noqa: PLC0415 -- the door

    context = click.get_current_context(silent=True)
    chosen = COLOR[context.meta.get(COLOR_KEY, "auto") if context else "auto"]
    return Console(highlight=False, soft_wrap=False, **{**chosen, **settings})


def as_json(document: object, *, lines: bool = False) -> None:
    """Print ``document`` as JSON, on a single line with ``lines`` (JSON Lines)."""
    click.echo(json_text(document, lines=lines))


def json_text(document: object, *, lines: bool = False) -> str:
    """``document`` as ASCII JSON."""
    import json  # noqa: PLC0415 -- not needed for text

    return json.dumps(document, ensure_ascii=True, indent=None if lines else 2)


def as_table(titles: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Print ``rows`` under ``titles``; the columns named in ``numbers`` are flush right."""
    from rich.table import Table  # noqa: PLC0415 -- the door
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, justify="right" if title in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(
            *(Text(printable(cell)) for cell in row)
        )  # Text: ":CD:" and "[x]" are data, neither an emoji nor markup
    _print_table(table)


@contextmanager
def into(path: str | None) -> Iterator[None]:
    """Redirect output printed within the context to the file ``path``, if given; see writer.save."""
    if path is None:
        yield
        return
    with redirect_stdout(io.StringIO()) as printed:
        yield
    writer.save(path, printed.getvalue().encode("utf-8", "surrogateescape"))


def as_styled(titles: Sequence[tuple[str, str]], rows: Iterable[Iterable[tuple[str, str]]]) -> None:
    """Print ``rows`` under ``titles``, each cell a text with rich's style for it."""
    from rich.table import Table  # noqa: PLC0415 -- the door
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for title, style in titles:
        table.add_column(Text(printable(title), style), overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(text), style) for text, style in row))
    _print_table(table)


def _print_table(table: Table) -> None:
    """Print ``table``: folded on a terminal, otherwise at full width without trailing blanks."""
    if folds():
        _console().print(table)
        return
    wide = _console(width=UNFOLDED)
    with wide.capture() as printed:
        wide.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip(), color=True)  # text already written by rich


def paragraph(parts: Iterable[tuple[str, str]], indent: int) -> None:
    """Print styled texts indented by ``indent`` blanks, including wrapped lines on a terminal."""
    from rich.text import Text  # noqa: PLC0415 -- the door

    console = _console()
    text = Text.assemble(*_printable(parts))
    room = console.width - indent
    for line in text.wrap(console, room, overflow="fold") if folds() else [text]:
        console.print(Text(" " * indent) + line, soft_wrap=True)


def styled(parts: Iterable[tuple[str, str]]) -> None:
    """Print one line of styled texts, wrapped by the terminal."""
    as_lines([parts])


def _printable(parts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """``parts`` made printable, except a lone newline."""
    for text, style in parts:
        yield text if text == "\n" else printable(text), style


class Branch(NamedTuple):
    """A node of a tree: its name, a note, and its children."""

    name: str
    note: str
    below: Iterable[Branch]


def as_tree(root: Branch) -> None:
    """Print ``root`` and its descendants; branches below DEEP levels continue as separate trees."""
    below: dict[int, list[Branch]] = {}
    level = [root]
    while level:  # breadth first, so that a branch is printed at its least depth
        for branch in level:
            below[id(branch)] = list(branch.below)
        level = [child for branch in level for child in below[id(branch)]]
    trees = [root]
    while trees:
        as_lines(_tree(trees.pop(), below, trees))


def _tree(
    root: Branch, below: Mapping[int, list[Branch]], more: list[Branch]
) -> Iterator[list[tuple[str, str]]]:
    """The lines of one tree; branches below the limit are added to ``more``."""
    todo = [(root, "", "", 0)]
    while todo:
        branch, guide, bend, depth = todo.pop()
        children = below[id(branch)]
        goes_on = depth < DEEP or not children
        yield [(guide + bend, "dim"), (branch.name, ""), (branch.note + ("" if goes_on else " ..."), "dim")]
        if not goes_on:
            more.append(branch)
            continue
        guide += {"": "", LAST: "    "}.get(bend, "│   ")
        bends = ["├── "] * (len(children) - 1) + [LAST] * bool(children)
        todo += [(*at, depth + 1) for at in reversed([*zip(children, repeat(guide), bends)])]


def width() -> int:
    """The width of the terminal in columns."""
    return _console().width


def as_lines(lines: Iterable[Iterable[tuple[str, str]]]) -> None:
    """Print ``lines`` of styled texts, wrapped by the terminal."""
    from rich.text import Text  # noqa: PLC0415 -- the door

    console = _console()
    if not console.is_terminal:
        for line in lines:
            click.echo("".join(text for text, _ in _printable(line)))
        return
    for line in lines:
        console.print(Text.assemble(*_printable(line)), soft_wrap=True)


class Progress:
    """A progress bar on standard error after a delay; nothing if that is not a terminal."""

    PATIENCE = 1.0  # seconds before the bar appears

    def __init__(self, what: str) -> None:
        self.what = what
        self._start = time.monotonic()
        self._watched = sys.stderr.isatty()
        self._bar: Any = None

    def __call__(self, done: int, total: int, now: str = "") -> None:
        """Show ``done`` of ``total``, with ``now`` as the last item; remove the bar when complete."""
        if not self._watched or (not self._bar and time.monotonic() - self._start < self.PATIENCE):
            return
        if not self._bar:
            self._bar = _bar()
            self._task = self._bar.add_task(self.what, total=total)
        self._bar.update(self._task, completed=done, description=f"{self.what} {now}".rstrip())
        if done >= total:
            self.close()

    def close(self) -> None:
        """Remove the bar and restore the cursor."""
        if self._bar:
            self._bar.stop()
        self._watched, self._bar = False, None


def _bar() -> Any:
    from rich.progress import Progress as Bar  # noqa: PLC0415 -- the door

    bar = Bar(console=_console(stderr=True), transient=True)
    bar.start()
    return bar
