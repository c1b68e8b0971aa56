"""Source locations of causes, as the end of a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pymodutils.checks.context import some
from pymodutils.errors import ModutilsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.checks.context import Context
    from pymodutils.dwarf.debug_info import DebugInfo
    from pymodutils.kernel.emulated.load.causes import Cause


def used(context: Context, symbol: str) -> str:
    """Function and line that use ``symbol``."""
    places = _asked(context, lambda module: module.uses(symbol))
    return f"; {symbol} is used in {some(places)}" if places else ""


def patched(context: Context, cause: Cause) -> str:
    """Function and line that a relocation patches."""
    places = _asked(context, lambda module: [module.in_section(cause.section, cause.offset)])
    return f"; it is in {places[0]}" if cause.section and places else ""


def _asked(context: Context, question: Callable[[DebugInfo], list[str]]) -> list[str]:
    """The locations that ``question`` finds; empty if locations are disabled or the file cannot be read."""
    if not context.detailed:
        return []
    from pymodutils.dwarf.debug_info import DebugInfo  # noqa: PLC0415 -- it takes pyelftools

    try:
        return list(filter(None, question(DebugInfo.read(context.module.path))))
    except ModutilsError:
        return []
