"""Control characters in text for people are escaped."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from pymodutils.printable import printable


@given(st.text())
def test_nothing_acts(text: str) -> None:
    shown = printable(text)
    assert shown.splitlines() in ([], [shown])
    assert not shown.startswith(("::", "##"))
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", shown)
    shown.encode()


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_stays(text: str) -> None:
    assert printable(text).removeprefix("\\") == text.removeprefix("\\") or text.startswith("\\")


def test_bytes_are_shown_as_they_are() -> None:
    assert printable("a\udcff\x1b\u202e") == r"a\xff\x1b\u202e"
