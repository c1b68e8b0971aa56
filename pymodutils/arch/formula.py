"""The calculations of relocations: functions in the psABI's letters, which say what they are given.

    S  value of the symbol                A  addend (of a REL relocation: what its field holds)
    P  address of the place               V  the whole word at the place, before
    G  address of the slot, made by the   L  where a branch goes or what a pointer holds: the target,
       loader, that holds S+A                or a stub or descriptor that the loader has made for it
    GP what the global pointer holds      SEC address of the patched section
    D  what r_info holds beside number and symbol

All are signed numbers of the machine's width, so kernel addresses are small negative ones. A result is
wrapped to that width before its alignment and its range are checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Formula:
    """``function`` of ``letters``, in this order; one that is ``vectorized`` takes columns, Vectors, too."""

    __slots__ = ("function", "letters", "vectorized")

    def __init__(self, function: Callable[..., int], letters: tuple[str, ...], *, vectorized: bool) -> None:
        self.function, self.letters, self.vectorized = function, letters, vectorized

    def __call__(self, *given: int) -> int:
        """What it gives for ``given``, a value for each letter."""
        return self.function(*given)


def formula(*letters: str, vectorized: bool = True) -> Callable[[Callable[..., int]], Formula]:
    """Make a function of ``letters`` a Formula."""

    def made(function: Callable[..., int]) -> Formula:
        return Formula(function, letters, vectorized=vectorized)

    return made


@formula(vectorized=False)
def no_op() -> int:
    """The calculation of relocations that do nothing."""
    return 0


@formula("L")
def accumulated(L: int) -> int:
    """The sum of all relocations of the place, stored at the end of the section."""
    return L
