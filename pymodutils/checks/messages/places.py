"""Source locations of causes, as the end of a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pymodutils.checks.context import some
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.checks.context import Context
    from pymodutils.dwarf.debug_info import DebugInfo
    from pymodutils.kernel.emulated.load.causes import Cause


class Occurrences(NamedTuple):
    """The end of a sentence, and PATH:LINE of the first place; both may be empty."""

    text: str = ""
    source: str = ""


def used(context: Context, symbol: str) -> Occurrences:
    """Function and line that use ``symbol``."""
    places, source = _located(context, lambda module: module.uses(symbol))
    return Occurrences(f"; {symbol} is used in {some(places)}", source) if places else Occurrences()


def patched(context: Context, cause: Cause) -> Occurrences:
    """Function and line that a relocation patches."""
    places, source = _located(context, lambda module: [module.in_section(cause.section, cause.offset)])
    return Occurrences(f"; it is in {places[0]}", source) if cause.section and places else Occurrences()


def _located(context: Context, question: Callable[[DebugInfo], list[str]]) -> tuple[list[str], str]:
    """The locations that ``question`` finds, and the source of the first one that has a line.

    Both are empty if locations are disabled or the file cannot be read.
    """
    if not context.detailed:
        return [], ""
    from pymodutils.dwarf.debug_info import DebugInfo  # noqa: PLC0415 -- it takes pyelftools

    try:
        module = DebugInfo.read(context.module.path)
    except ModutilsError:
        return [], ""
    places = list(filter(None, question(module)))
    return places, next(filter(None, map(module.source, places)), "")
