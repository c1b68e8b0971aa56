"""Random modprobe.d directories and kernel command lines, reproducible by number."""

from __future__ import annotations

import random
from typing import Final

from tests.against_kmod.lines import NAMES

PATTERNS: Final = (
    "*",
    "l*",
    "?oop",
    "[e-l]*",
    "fs[-_]*",
    "q*",
    "pci:*",
    "a[-_]b",
    "x[",
    "y]",
    "fat",
    "vfat",
    "q",
)
BLANKS: Final = (" ", " ", " ", "  ", "\t", " \t ")
ENDS: Final = ("\n", "\n", "\n", "\r\n", "\\\n", " \n", "")
WORDS: Final = (
    *("a.b", "a-b.c-d", "x.y.z", "q.", ".w", "modprobe.blacklist", "loop.max_loop", "=", "=1", "=e-f", "]"),
    *("=a,b-c,,d", '"', "'", " ", " ", " ", "\t", ",", "quiet", "--", "\\", "[14:00", "[1]", ".", "=x[2]"),
)


def files(number: int) -> dict[str, bytes]:
    """The files of the configuration ``number``, and /proc/cmdline as ``cmdline``."""
    rng = random.Random(number)  # noqa: S311 -- the same configurations each time
    names = rng.sample(
        ["a.conf", "B.conf", "10.conf", "9.conf", ".x.conf", "z.txt", "zz.conf"], rng.randint(1, 3)
    )
    found = {name: "".join(_line(rng) for _ in range(rng.randint(1, 12))) for name in names}
    found["cmdline"] = "".join(rng.choice(WORDS) for _ in range(rng.randint(0, 14)))
    return {name: text.encode() for name, text in found.items()}


def _line(rng: random.Random) -> str:
    name = rng.choice([rng.choice(PATTERNS), rng.choice(NAMES).replace(" ", "")])
    word = rng.choice(["alias", "options", "install", "remove", "softdep", "softdep", "weakdep", "blacklist"])
    rest = _rest(rng, word)
    text = "".join([word, rng.choice(BLANKS), name, rng.choice(BLANKS), rest])
    if rng.random() < 0.15:
        text = rng.choice(
            ["", "# x", " # y", "alias", "options q", "include /x", "softdep q ", "x y", text[::-1]]
        )
    return text + rng.choice(ENDS)


def _rest(rng: random.Random, word: str) -> str:
    if word in ("alias", "blacklist"):
        return rng.choice(NAMES).replace(" ", "")
    if word in ("softdep", "weakdep"):
        parts = [rng.choice([*NAMES, "pre:", "post:", "pre:", "post:"]) for _ in range(rng.randint(0, 5))]
        return rng.choice(["pre: ", "post: ", ""]) + rng.choice(BLANKS).join(parts)
    return "".join(rng.choice("ab1=,\"' \t$#:") for _ in range(rng.randint(1, 8)))
