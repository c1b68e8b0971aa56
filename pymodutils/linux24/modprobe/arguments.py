"""The arguments that modprobe passes to insmod after the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymodutils.linux24.insmod.options import InsmodOptions

FLAGS: Final[dict[str, dict[str, Any]]] = {  # options of insmod permitted in insmod_opt
    "f": {"force": True},
    "k": {"autoclean": True},
    "m": {"load_map": True},
    "n": {"noload": True},
    "p": {"probe": True},
    "q": {"quiet": True},
    "S": {"kallsyms": True},
    "x": {"export": False},
    "X": {"export": True},
    "y": {"ksymoops": False},
    "Y": {"ksymoops": True},
}
WITH_VALUE: Final = {"e": "persist", "o": "name", "O": "blob", "P": "prefix"}


def parameters(lists: Iterable[Sequence[str]], given: Sequence[str]) -> list[str]:
    """The words of ``lists``, then those of the command line; later ones replace those of the same name.

    A list ends at the first word that is not a parameter.
    """
    made: list[str] = []
    for words in [*lists, given]:
        at = 0
        while at < len(words):
            word = words[at]
            if word == "-o" and at + 1 < len(words):
                at += 1
                _put(made, "-o", words[at])
            elif "=" in word:
                _replace(made, word)
            else:
                break
            at += 1
    return made


def _put(made: list[str], flag: str, value: str) -> None:
    if flag in made:
        made[made.index(flag) + 1] = value
    else:
        made += [flag, value]


def _replace(made: list[str], word: str) -> None:
    name = word[: word.index("=") + 1]
    at = next((at for at, old in enumerate(made) if old.startswith(name)), len(made))
    made[at : at + 1] = [word]


def insmod_options(words: Sequence[str], options: InsmodOptions) -> tuple[InsmodOptions, list[str]]:
    """``options`` updated by those in ``words``, and the other words."""
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-"):
            rest.append(word)
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in WITH_VALUE:
                value = letters or (waiting.pop(0) if waiting else "")
                changed: dict[str, Any] = {WITH_VALUE[letter]: value}
                options = options._replace(**changed)
                letters = ""
            else:
                options = options._replace(**FLAGS.get(letter, {}))
    return options, rest
