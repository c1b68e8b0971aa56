"""The words of a modprobe call: those that $MODPROBE_OPTIONS adds, and module parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIABLE: Final = "MODPROBE_OPTIONS"
QUOTES: Final = "\"'"


def split(text: str) -> list[str]:
    """The words of $MODPROBE_OPTIONS, which single blanks part.

    A quoted part that starts a word is a word of its own, so the blank after it ends an empty one;
    further on in a word quotes only protect blanks. A quote that is not closed takes the rest.
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
    """One string for the kernel of parameters that a shell has split; values with blanks get quotes."""
    text = ""
    for word in words:
        text = f"{text} {_quoted(word)}" if text else _quoted(word)
    return text


def _quoted(word: str) -> str:
    name, equals, value = word.partition("=")
    if " " not in value or value[0] in QUOTES:
        return word
    return f'{name}{equals}"{value}"'
