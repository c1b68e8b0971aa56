"""Calculations of modutils that arch has no row for, in the letters of arch.formula."""

from __future__ import annotations

from pymodutils.arch.formula import formula


@formula("L", "A")
def l_a(L: int, A: int) -> int:
    """The address of the image, with the addend."""
    return L + A


@formula("V", "L")
def v_plus_l(V: int, L: int) -> int:
    """V plus the address of the image."""
    return V + L


@formula("V", "S", "A", "P", vectorized=False)
def v_plus_half(V: int, S: int, A: int, P: int) -> int:
    """V plus half the distance from the place to the symbol."""
    return V + (S + A - P >> 1)


@formula("G", "GP", "A")
def slot(G: int, GP: int, A: int) -> int:
    """The distance from the start of the GOT to the symbol's slot, plus the addend."""
    return G - GP + A


@formula("V", "G", "GP")
def v_plus_slot(V: int, G: int, GP: int) -> int:
    """V plus that distance."""
    return V + G - GP


@formula("V", "GP", "P")
def v_plus_gp_p(V: int, GP: int, P: int) -> int:
    """V plus the distance from the place to the start of the GOT."""
    return V + GP - P


@formula("V", "S", "A", "GP")
def v_plus_s_a_gp(V: int, S: int, A: int, GP: int) -> int:
    """V plus the distance from the start of the GOT to the symbol."""
    return V + S + A - GP


@formula("L", "P")
def made_dbl(L: int, P: int) -> int:
    """The distance from the start of the instruction, two bytes before the place, to an entry."""
    return L + 2 - P
