"""The calculations of relocations: functions of the psABI's letters.

    S  value of the symbol                A  addend (of a REL relocation: the contents of its field)
    P  address of the place               V  the whole word at the place, before relocation
    G  address of the GOT slot with S+A,  L  target of a branch or pointer, or the stub or descriptor
       created by the loader                 created for it by the loader
    GP value of the global pointer        SEC address of the patched section
    D  further data in r_info

All are signed numbers of the machine's width, so kernel addresses are small negative ones. A result is
wrapped to that width before its alignment and its range are checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Formula:
    """``function`` of ``letters``, in this order; with ``vectorized`` it also accepts Vectors."""

    __slots__ = ("function", "letters", "vectorized")

    def __init__(self, function: Callable[..., int], letters: tuple[str, ...], *, vectorized: bool) -> None:
        self.function, self.letters, self.vectorized = function, letters, vectorized

    def __call__(self, *given: int) -> int:
        """The result for ``given``, a value for each letter."""
        return self.function(*given)


def formula(*letters: str, vectorized: bool = True) -> Callable[[Callable[..., int]], Formula]:
    """Make a function of ``letters`` a Formula."""

    def made(function: Callable[..., int]) -> Formula:
        return Formula(function, letters, vectorized=vectorized)

    return made


@formula(vectorized=False)
def no_op() -> int:
    """The calculation of relocations without effect."""
    return 0


@formula("L")
def accumulated(L: int) -> int:
    """The sum of all relocations of the place, stored at the end of the section."""
    return L
