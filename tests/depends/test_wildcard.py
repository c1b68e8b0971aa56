from __future__ import annotations

import ctypes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pymodutils.depends.wildcard import matches

LIBC = ctypes.CDLL(None)
LIBC.newlocale.restype = LIBC.uselocale.restype = ctypes.c_void_p
LC_ALL_MASK = 0x1FBF
C_LOCALE = ctypes.c_void_p(LIBC.newlocale(LC_ALL_MASK, b"C", None))


def fnmatch(pattern: str, text: str) -> bool:
    """What the machine's C library says in the C locale, which kmod's tools do not leave."""
    words = (word.encode("utf-8", "surrogateescape") for word in (pattern, text))
    before = ctypes.c_void_p(LIBC.uselocale(C_LOCALE))
    answer: int = LIBC.fnmatch(*words, 0)
    LIBC.uselocale(before)
    return answer == 0


CHARS = st.sampled_from("abcz059.-_]!^:= ")
PLAIN = st.sampled_from("abcz059.-_]!^:= ,{}é")
EDGE = CHARS.filter(lambda char: char not in "]-") | CHARS.map("\\{}".format)
MEMBER = (
    EDGE | st.tuples(EDGE, EDGE).map("-".join) | st.sampled_from(["[:alpha:]", "[:digit:]", "[=b=]", "[.-.]"])
)
BRACKET = st.builds(
    "[{}{}{}]".format,
    st.sampled_from(["", "!", "^"]),
    st.sampled_from(["", "]"]),
    st.lists(MEMBER, min_size=1).map("".join),
)
PIECE = PLAIN | st.sampled_from("*?") | CHARS.map("\\{}".format) | BRACKET
TEXT = st.text(PLAIN, max_size=5) | st.text("abcz059", max_size=8)


@settings(max_examples=500)
@given(st.lists(PIECE, max_size=6).map("".join), TEXT)
def test_matches_what_the_c_library_matches(pattern: str, text: str) -> None:
    assert matches(pattern, text) is fnmatch(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("pci:v*d*sv*sd*bc06sc04i00*", "pci:v00008086d00001234sv00000000sd00000000bc06sc04i00"),
        ("usb:v0ACEp[!0-9]*", "usb:v0ACEpA011"),
        ("usb:v0ACEp[^0-9]*", "usb:v0ACEp5011"),
        ("dmi*:svn*:pn*", "dmi:bvnX:svnY:pnZ"),
        ("a[", "a["),
        ("a[b", "a[b"),
        ("[]a]*", "]x"),
        ("[a-]", "-"),
        ("[z-a]", "b"),
        ("a\\", "a\\"),
        ("\\*a", "*a"),
        ("*a*b", "aXbXaXc"),
        ("???", "é\udcff"),
        ("", ""),
        ("*", ""),
        ("[[:foo:]]", "f"),
        ("[[.a", "[[.a"),
    ],
)
def test_matches_special_cases_as_the_c_library(pattern: str, text: str) -> None:
    assert matches(pattern, text) is fnmatch(pattern, text)


def test_many_stars_end_soon() -> None:
    assert not matches("*a" * 50 + "b", "a" * 2000)
