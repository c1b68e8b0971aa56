"""Calculations common to several psABIs, in their letters, and shared decoders; see arch.model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.arch.formula import formula
from pymodutils.arch.range import Range
from pymodutils.arch.reloc import RInfo
from pymodutils.arch.vector import halves

if TYPE_CHECKING:
    from collections.abc import Sequence

ERRORS: Final = Range(-4095, 0)  # values of symbols that are error numbers


@formula("S")
def s(S: int) -> int:
    """S."""
    return S


@formula("S", "A")
def s_a(S: int, A: int) -> int:
    """S + A."""
    return S + A


@formula("S", "A", "P")
def s_a_p(S: int, A: int, P: int) -> int:
    """S + A - P."""
    return S + A - P


@formula("V", "S", "A")
def v_plus_s_a(V: int, S: int, A: int) -> int:
    """V + S + A."""
    return V + S + A


@formula("V", "S", "A", "P")
def v_plus_s_a_p(V: int, S: int, A: int, P: int) -> int:
    """V + S + A - P."""
    return V + S + A - P


@formula("V", "S", "A")
def v_less_s_a(V: int, S: int, A: int) -> int:
    """V - S - A."""
    return V - S - A


@formula("L")
def goal(L: int) -> int:
    """L."""
    return L


@formula("L", "P")
def l_p(L: int, P: int) -> int:
    """L - P."""
    return L - P


@formula("L", "A", "P")
def l_a_p(L: int, A: int, P: int) -> int:
    """L + A - P."""
    return L + A - P


@formula("G", "P")
def g_p(G: int, P: int) -> int:
    """G(S + A) - P."""
    return G - P


@formula("G", "A", "P")
def g_a_p(G: int, A: int, P: int) -> int:
    """G + A - P."""
    return G + A - P


@formula("S", "A", "GP")
def s_a_gp(S: int, A: int, GP: int) -> int:
    """S + A - GP."""
    return S + A - GP


@formula("S", "A", "SEC")
def s_a_sec(S: int, A: int, SEC: int) -> int:
    """S + A - B, where B is the start of the patched section."""
    return S + A - SEC


@formula("GP", "A", "P")
def gp_a_p(GP: int, A: int, P: int) -> int:
    """GP + A - P."""
    return GP + A - P


@formula("G", "GP")
def g_gp(G: int, GP: int) -> int:
    """G(S + A) - GP."""
    return G - GP


@formula("L", "GP")
def l_gp(L: int, GP: int) -> int:
    """L - GP."""
    return L - GP


def in_a_byte(words: Sequence[int]) -> RInfo:
    """Decode r_info with 8-bit numbers, in which the kernel stores other data in the higher bits."""
    low, high = halves(words)
    return RInfo([half & 0xFF for half in low], high)
