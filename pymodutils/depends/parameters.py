"""Parameters declared by a module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

KEYS: Final = ("parmtype", "parm")


class ModuleParameter(NamedTuple):
    """A parameter; type and description are optional."""

    name: str
    type: str | None
    description: str | None

    @property
    def text(self) -> str:
        """The text that modinfo prints after ``parm:``."""
        if self.description is None:
            return f"{self.name}:{self.type}"
        return f"{self.name}:{self.description}" + self._typed

    @property
    def value(self) -> str:
        """The text of modinfo -p, which differs if there is only a type."""
        return self.text if self.description is not None else f"{self.name}:{self._typed}"

    @property
    def _typed(self) -> str:
        return "" if self.type is None else f" ({self.type})"


def read(entries: Iterable[tuple[str, str]]) -> tuple[list[ModuleParameter], list[str]]:
    """The parameters of ``entries`` in reverse order of first mention, and entries without a name."""
    found: dict[str, list[str | None]] = {}
    wrong = []
    for key, value in entries:
        if key not in KEYS:
            continue
        name, colon, rest = value.partition(":")
        if colon:
            found.setdefault(name, [None, None])[key == "parm"] = rest
        else:
            wrong.append(f"{key}={value}")
    return [ModuleParameter(name, *facts) for name, facts in reversed(found.items())], wrong
