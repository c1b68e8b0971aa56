"""Calculations of modutils that arch has no row for, in the letters of arch.formula."""

from __future__ import annotations

from pymodutils.arch.formula import formula


@formula("L", "A")
def l_a(L: int, A: int) -> int:
    """The address of the image, with the addend."""
    return L + A


@formula("V", "L")
def v_plus_l(V: int, L: int) -> int:
    """What is at the place, and the address of the image."""
    return V + L


@formula("V", "S", "A", "P", vectorized=False)
def v_plus_half(V: int, S: int, A: int, P: int) -> int:
    """What is at the place, and half of the way from it to the symbol."""
    return V + (S + A - P >> 1)


@formula("G", "GP", "A")
def slot(G: int, GP: int, A: int) -> int:
    """The way from the GOT's beginning to the symbol's slot, and the addend."""
    return G - GP + A


@formula("V", "G", "GP")
def v_plus_slot(V: int, G: int, GP: int) -> int:
    """What is at the place, and that way."""
    return V + G - GP


@formula("V", "GP", "P")
def v_plus_gp_p(V: int, GP: int, P: int) -> int:
    """What is at the place, and the way from it to the GOT's beginning."""
    return V + GP - P


@formula("V", "S", "A", "GP")
def v_plus_s_a_gp(V: int, S: int, A: int, GP: int) -> int:
    """What is at the place, and the way from the GOT's beginning to the symbol."""
    return V + S + A - GP


@formula("L", "P")
def made_dbl(L: int, P: int) -> int:
    """The way from the beginning of an instruction, two bytes in front of the place, to an entry."""
    return L + 2 - P
