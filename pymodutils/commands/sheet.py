"""A module as modinfo shows it: pieces of text, one document, or rows of a table."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pymodutils.depends import parameters
from pymodutils.depends.about import document, signed
from pymodutils.errors import ModutilsError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.depends.about import About

    Form = Callable[[About, "Asked", list[str]], Iterator[Any]]


class Asked(NamedTuple):
    """What the command line wants of each module: one ``field``, or everything; NUL or newlines."""

    field: str | None = None
    null: bool = False


class Sheet(NamedTuple):
    """What is to be printed of one module, and what went wrong with it."""

    pieces: list[Any]
    complaints: list[str]
    failed: bool


def sheet(form: Form, about: About | NotFound, asked: Asked) -> Sheet:
    """``about`` in one of the forms below; the pieces before an error are kept."""
    if isinstance(about, NotFound):
        return Sheet([], [str(about)], failed=True)
    pieces, complaints = list[Any](), list[str]()
    try:
        pieces.extend(form(about, asked, complaints))
    except ModutilsError as error:
        complaints.append(f"could not get modinfo from '{about.name}': {os.strerror(error.errno)}")
        return Sheet(pieces, complaints, failed=True)
    finally:
        about.close()
    return Sheet(pieces, complaints, failed=False)


def text(about: About, asked: Asked, complaints: list[str]) -> Iterator[str]:
    """The text of kmod, in which -0 leaves the lines of files and parameters as they are."""
    end = "\0" if asked.null else "\n"
    if asked.field is not None:
        for value in _values(about, asked.field, complaints):
            yield value + end
        return
    yield "".join([label(key) + value + end for key, value in _head(about)])
    named = [parameter.text for parameter in _parameters(about, complaints)]
    pairs = _pairs(about)
    if asked.null:
        yield "".join([f"{key}={value}\0" for key, value in pairs])
    else:
        yield "".join([f"{label(key)}{value}\n" for key, value in pairs])
    yield "".join([f"parm:           {value}{end}" for value in named])


def rows(about: About, asked: Asked, complaints: list[str]) -> Iterator[tuple[str, str, str]]:
    """Module (once), field and value of all that the text has."""
    if asked.field is not None:
        pairs = [(asked.field, value) for value in _values(about, asked.field, complaints)]
    else:
        pairs = [*_head(about), *_pairs(about)]
        pairs += [("parm", parameter.text) for parameter in _parameters(about, complaints)]
    for at, (key, value) in enumerate(pairs):
        yield about.name if at == 0 else "", key, value.replace("\n\t\t", "")


def documents(about: About, asked: Asked, complaints: list[str]) -> Iterator[dict[str, object]]:
    """One document for JSON; only the values of the field that is asked for, if one is."""
    if asked.field is not None:
        values = list(_values(about, asked.field, complaints))
        yield {"name": about.name, "filename": about.path, "fields": {asked.field: values}}
        return
    _parameters(about, complaints)
    yield document(about)


def _head(about: About) -> list[tuple[str, str]]:
    """What is known without a look into the module; a file says its name itself."""
    name = [("name", about.name)] if about.is_builtin else []
    return [*name, ("filename", about.filename)]


def _pairs(about: About) -> list[tuple[str, str]]:
    pairs = [pair for pair in about.entries if pair[0] not in parameters.KEYS]
    return pairs + signed(about.signature())


def _values(about: About, field: str, complaints: list[str]) -> Iterator[str]:
    for key, value in _head(about):
        if key == field:
            yield value
    if field == "parm":
        yield from [parameter.value for parameter in _parameters(about, complaints)]
    elif field != "filename":
        yield from about.values(field)


def _parameters(about: About, complaints: list[str]) -> list[parameters.Parameter]:
    found, wrong = parameters.read(about.entries)
    complaints += [f"Found invalid \"{entry}\": missing ':'" for entry in wrong]
    return found


@lru_cache(256)
def label(key: str) -> str:
    """``key`` with its colon, as wide as makes values stand in one column."""
    return f"{key + ':':<16}"
