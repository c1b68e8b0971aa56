"""Results as JSON or as a table; the one door to rich."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def as_json(document: object, *, lines: bool = False) -> None:
    """Print ``document`` as one JSON document, on one line if it is part of JSON ``lines``."""
    click.echo(json_text(document, lines=lines))


def json_text(document: object, *, lines: bool = False) -> str:
    """``document`` as JSON of 7-bit characters."""
    import json  # noqa: PLC0415 -- text output does without

    return json.dumps(document, ensure_ascii=True, indent=None if lines else 2)


def as_table(titles: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Print ``rows`` under ``titles``; the columns named in ``numbers`` are flush right."""
    from rich.console import Console  # noqa: PLC0415 -- the door
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, justify="right" if title in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text: ":CD:" and "[x]" are data, neither an emoji nor markup
    Console(soft_wrap=False, highlight=False).print(table)


class Branch(NamedTuple):
    """A node of a tree: its name, what is said about it, and what is below it."""

    name: str
    note: str
    below: Iterable[Branch]


def as_tree(root: Branch) -> None:
    """Print ``root`` and all below it."""
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415
    from rich.tree import Tree  # noqa: PLC0415

    def label(branch: Branch) -> Text:
        return Text.assemble(branch.name, (branch.note, "dim"))

    tree = Tree(label(root), guide_style="dim")
    todo = [(tree, root)]
    while todo:
        above, branch = todo.pop(0)
        todo += [(above.add(label(child)), child) for child in branch.below]
    Console(soft_wrap=False, highlight=False).print(tree, soft_wrap=True)
