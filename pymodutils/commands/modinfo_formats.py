"""The output of modinfo for a module: text, a JSON document, or table rows."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pymodutils.depends import parameters
from pymodutils.depends.module_info import document, hexadecimal, signed
from pymodutils.elf.compress import Damaged
from pymodutils.errors import ModutilsError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.depends.module_info import ModuleInfo

    Format = Callable[[ModuleInfo, "Selection", list[str]], Iterator[Any]]


class Selection(NamedTuple):
    """What to print of each module: one ``field`` or everything, with NUL or newlines."""

    field: str | None = None
    null: bool = False
    build_id: bool = False  # shown when everything is printed


class Rendered(NamedTuple):
    """The output for one module, and its errors."""

    pieces: list[Any]
    errors: list[str]
    failed: bool
    message: str = ""  # by kmod's library, printed first
    missing: bool = False  # whether there is no such module


def render(format_: Format, module: ModuleInfo | NotFound, selection: Selection) -> Rendered:
    """``module`` in one of the formats below; output before an error is kept."""
    if isinstance(module, NotFound):
        return Rendered([], [str(module)], failed=True, missing=True)
    pieces, errors = list[Any](), list[str]()
    try:
        pieces.extend(format_(module, selection, errors))
    except ModutilsError as error:
        errors.append(f"could not get modinfo from '{module.name}': {os.strerror(error.errno)}")
        message = f"{error.function}: {error.why}" if isinstance(error, Damaged) else ""
        return Rendered(pieces, errors, failed=True, message=message)
    finally:
        module.close()
    return Rendered(pieces, errors, failed=False)


def text(module: ModuleInfo, selection: Selection, errors: list[str]) -> Iterator[str]:
    """The text of kmod; -0 does not affect the lines of file names and parameters."""
    end = "\0" if selection.null else "\n"
    if selection.field is not None:
        for value in _values(module, selection.field, errors):
            yield value + end
        return
    yield "".join([label(key) + value + end for key, value in _head(module)])
    named = [parameter.text for parameter in _parameters(module, errors)]
    pairs = _pairs(module, selection)
    if selection.null:
        yield "".join([f"{key}={value}\0" for key, value in pairs])
    else:
        yield "".join([f"{label(key)}{value}\n" for key, value in pairs])
    yield "".join([f"parm:           {value}{end}" for value in named])


def rows(module: ModuleInfo, selection: Selection, errors: list[str]) -> Iterator[tuple[str, str, str]]:
    """Module (once), field and value for everything in the text."""
    if selection.field is not None:
        pairs = [(selection.field, value) for value in _values(module, selection.field, errors)]
    else:
        pairs = [*_head(module), *_pairs(module, selection)]
        pairs += [("parm", parameter.text) for parameter in _parameters(module, errors)]
    for at, (key, value) in enumerate(pairs):
        yield module.name if at == 0 else "", key, value.replace("\n\t\t", "")


def documents(module: ModuleInfo, selection: Selection, errors: list[str]) -> Iterator[dict[str, object]]:
    """One document for JSON; only the values of the selected field, if there is one."""
    if selection.field is not None:
        values = list(_values(module, selection.field, errors))
        yield {"name": module.name, "filename": module.path, "fields": {selection.field: values}}
        return
    _parameters(module, errors)
    yield document(module)


def _head(module: ModuleInfo) -> list[tuple[str, str]]:
    """The fields known without reading the module; the name of a file is that in its contents."""
    name = [("name", module.name)] if module.is_builtin else []
    return [*name, ("filename", module.filename)]


def _pairs(module: ModuleInfo, selection: Selection) -> list[tuple[str, str]]:
    pairs = [pair for pair in module.entries if pair[0] not in parameters.KEYS]
    if selection.build_id and (identifier := module.build_id()):
        pairs.append(("build-id", hexadecimal(identifier)))
    return pairs + signed(module.signature())


def _values(module: ModuleInfo, field: str, errors: list[str]) -> Iterator[str]:
    for key, value in _head(module):
        if key == field:
            yield value
    if field == "parm":
        yield from [parameter.value for parameter in _parameters(module, errors)]
    elif field != "filename":
        yield from module.values(field)


def _parameters(module: ModuleInfo, errors: list[str]) -> list[parameters.ModuleParameter]:
    found, wrong = parameters.read(module.entries)
    errors += [f"Found invalid \"{entry}\": missing ':'" for entry in wrong]
    return found


@lru_cache(256)
def label(key: str) -> str:
    """``key`` with its colon, padded so that values align."""
    return f"{key + ':':<16}"
