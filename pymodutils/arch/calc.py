"""The calculations that psABIs share, in their letters, and readings that loaders share; see arch.model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch.formula import formula
from pymodutils.arch.lanes import halves
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import RInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

ERRORS: Final = Range(-4095, 0)  # what a symbol is worth if it is the number of an error


@formula("S", "A")
def s_a(S: int, A: int) -> int:
    """The symbol and the addend."""
    return S + A


@formula("S", "A", "P")
def s_a_p(S: int, A: int, P: int) -> int:
    """The way from the place to the symbol."""
    return S + A - P


@formula("V", "S", "A")
def v_plus_s_a(V: int, S: int, A: int) -> int:
    """What is at the place, and the symbol with the addend."""
    return V + S + A


@formula("V", "S", "A", "P")
def v_plus_s_a_p(V: int, S: int, A: int, P: int) -> int:
    """What is at the place, and the way from it to the symbol."""
    return V + S + A - P


@formula("V", "S", "A")
def v_less_s_a(V: int, S: int, A: int) -> int:
    """What is at the place without the symbol with the addend."""
    return V - S - A


@formula("L")
def goal(L: int) -> int:
    """What the loader has found out, and nothing else."""
    return L


@formula("L", "P")
def l_p(L: int, P: int) -> int:
    """The way from the place to where a branch goes."""
    return L - P


@formula("L", "A", "P")
def l_a_p(L: int, A: int, P: int) -> int:
    """The same with an addend that counts from there."""
    return L + A - P


@formula("G", "P")
def g_p(G: int, P: int) -> int:
    """The way from the place to the slot of the symbol with the addend."""
    return G - P


@formula("G", "A", "P")
def g_a_p(G: int, A: int, P: int) -> int:
    """The way from the place to the symbol's slot, and the addend."""
    return G + A - P


@formula("S", "A", "GP")
def s_a_gp(S: int, A: int, GP: int) -> int:
    """The way from the global pointer to the symbol."""
    return S + A - GP


@formula("S", "A", "SEC")
def s_a_sec(S: int, A: int, SEC: int) -> int:
    """The way from the beginning of the place's section to the symbol."""
    return S + A - SEC


@formula("G", "GP")
def g_gp(G: int, GP: int) -> int:
    """The way from the global pointer to the slot of the symbol with the addend."""
    return G - GP


@formula("L", "GP")
def l_gp(L: int, GP: int) -> int:
    """The way from the global pointer to what the loader has chosen."""
    return L - GP


def in_a_byte(words: Sequence[int]) -> RInfo:
    """What r_info says where numbers have a byte, and the kernel keeps other things in the bits above it."""
    low, high = halves(words)
    return RInfo([half & 0xFF for half in low], high)
