"""Command line words, as kmod 30 and 34 read them."""

from __future__ import annotations

import pytest

from pymodutils.depends import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a b", ["a", "b"]),
        ("a  b", ["a", "", "b"]),
        (" a", ["", "a"]),
        ("a ", ["a"]),
        ("a  ", ["a", ""]),
        ('"a b" c', ["a b", "", "c"]),
        ('"a b"', ["a b"]),
        ("'a\"b' c", ['a"b', "", "c"]),
        ('"a"b c', ["a", "b", "c"]),
        ('"" n', ["", "", "n"]),
        ('x"y z"w n', ["xy zw", "n"]),
        ('x"" n', ["x", "n"]),
        ('a"b c"d"e f"g h', ["ab cde fg", "h"]),
        ('"a b"c"d e" f', ["a b", "cd e", "f"]),
        ('"x y', ['"x y']),
        ('n x"y z', ["n", 'x"y z']),
        ("a\tb", ["a\tb"]),
    ],
)
def test_environment(text: str, expected: list[str]) -> None:
    assert words.split(text) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ([], ""),
        (["a=1", "b"], "a=1 b"),
        (["", "a"], "a"),
        (["a", ""], "a "),
        (["a=b c"], 'a="b c"'),
        (['a="b c"'], 'a="b c"'),
        (["a='b c'"], "a='b c'"),
        (["=b c"], '="b c"'),
        (["a b"], "a b"),
        (["a b=c d"], 'a b="c d"'),
        (["a=b\tc"], "a=b\tc"),
    ],
)
def test_parameters(typed: list[str], expected: str) -> None:
    assert words.parameters(typed) == expected
