"""Words of $MODPROBE_OPTIONS, and module parameters on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIABLE: Final = "MODPROBE_OPTIONS"
QUOTES: Final = "\"'"


def split(text: str) -> list[str]:
    """The words of $MODPROBE_OPTIONS, separated by single blanks.

    A quoted part at the start of a word is a word of its own, so the blank after it ends an empty word;
    elsewhere quotes only protect blanks. An unclosed quote extends to the end.
    """
    found: list[str] = []
    word, at, inside = "", 0, False
    while at < len(text):
        letter = text[at]
        end = text.find(letter, at + 1) if letter in QUOTES else -1
        if letter == " ":
            found.append(word)
            word, inside = "", False
        elif letter in QUOTES and end < 0:
            return [*found, word + text[at:]]
        elif end < 0:
            word, inside = word + letter, True
        elif inside:
            word, at = word + text[at + 1 : end], end
        else:
            found.append(text[at + 1 : end])
            at = end
        at += 1
    return [*found, word] if word else found


def parameters(words: Iterable[str]) -> str:
    """The parameter string for the kernel from words split by a shell; values with blanks are quoted."""
    text = ""
    for word in words:
        text = f"{text} {_quoted(word)}" if text else _quoted(word)
    return text


def _quoted(word: str) -> str:
    name, equals, value = word.partition("=")
    if " " not in value or value[0] in QUOTES:
        return word
    return f'{name}{equals}"{value}"'
