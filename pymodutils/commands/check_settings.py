"""Defaults of ``check`` from the table ``[tool.pymodutils]`` of pyproject.toml."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from pymodutils.errors import BadLine
from pymodutils.names import suggestion
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import click

FILE: Final = "pyproject.toml"
TABLE: Final = "tool.pymodutils"
PLACES: Final = ("kernel", "with", "firmware", "trust", "expect")  # relative to the file
KEYS: Final = (*PLACES, "params", "cmdline", "select", "ignore", "fail-on")
RUNNING: Final = "running"


def read(params: Sequence[click.Parameter]) -> dict[str, Any]:
    """The defaults from the nearest pyproject.toml with such a table, by the names of ``params``.

    Raises BadLine for invalid TOML, an unknown key or a value of the wrong type.
    """
    try:
        folder = os.getcwd()
    except FileNotFoundError:  # deleted
        return {}
    while True:
        path = f"{folder.rstrip('/')}/{FILE}"
        table = _table(path)
        if table is not None:
            return _defaults(table, params, path)
        if folder == os.path.dirname(folder):
            return {}
        folder = os.path.dirname(folder)


def _table(path: str) -> Mapping[str, Any] | None:
    try:
        with open(path, "rb", opener=opener) as file:
            data = file.read()
    except OSError:
        return None
    if b"pymodutils" not in data:  # most files; their syntax does not matter here
        return None
    import tomllib  # noqa: PLC0415 -- rarely needed

    try:
        found = tomllib.loads(data.decode()).get("tool", {}).get("pymodutils")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadLine(path, f"{path}: {error}") from None
    if found is not None and not isinstance(found, dict):
        raise BadLine(path, f"{path}: {TABLE} is not a table")
    return found


def _defaults(table: Mapping[str, Any], params: Sequence[click.Parameter], path: str) -> dict[str, Any]:
    by_key = {name.lstrip("-"): param for param in params for name in param.opts if name.startswith("--")}
    found = {}
    for key, value in table.items():
        if key not in KEYS:
            raise BadLine(path, f"{path}: {TABLE} has no key '{key}'{suggestion(key, KEYS)}")
        texts = _texts(value)
        if texts is None or (len(texts) != 1 and not by_key[key].multiple):
            wanted = "a string or an array of strings" if by_key[key].multiple else "a string"
            raise BadLine(path, f"{path}: {TABLE}.{key} is not {wanted}")
        if key in PLACES:
            texts = [_placed(text, os.path.dirname(path)) for text in texts]
        found[str(by_key[key].name)] = texts if by_key[key].multiple else texts[0]
    return found


def _texts(value: object) -> list[str] | None:
    """``value`` as a list; None if it contains anything but strings."""
    listed = value if isinstance(value, list) else [value]
    texts = [item for item in listed if isinstance(item, str)]
    return texts if len(texts) == len(listed) else None


def _placed(text: str, folder: str) -> str:
    """``text``, comma-separated files relative to ``folder``, relative to the working directory."""
    parts = text.split(",")
    return ",".join(it if it == RUNNING else os.path.relpath(os.path.join(folder, it)) for it in parts)
