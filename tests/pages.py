"""Parse man pages."""

from __future__ import annotations

import re
from pathlib import Path

MAN = Path(__file__).parent.parent / "man"
OPTION = re.compile(r"(?<![\w-])--?[A-Za-z0-9][A-Za-z0-9-]*")
ESCAPES = re.compile(r"\\f[BIRP]|\\&|\\%|\\f\(..")


def pages() -> list[Path]:
    """Every page, by name."""
    return sorted(path for path in MAN.iterdir() if path.suffix[1:].isdigit())


def options(page: Path) -> set[str]:
    """The options that the tags of the sections named OPTIONS... describe."""
    found: set[str] = set()
    within = tagged = False
    for line in page.read_text().splitlines():
        if line.startswith(".SH"):
            within = "OPTIONS" in line
        elif line.startswith((".TP", ".TQ")):
            tagged = within
        elif tagged:
            found |= set(OPTION.findall(plain(line)))
            tagged = False
    return found


def plain(line: str) -> str:
    """One line of roff without fonts, quotes and escapes."""
    macro, _, words = line.partition(" ")
    if macro in (".BR", ".BI", ".RB", ".IR", ".RI", ".IB"):  # words of changing fonts, joined
        line = "".join(quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', words))
    elif macro in (".B", ".I"):
        line = words.replace('"', "")
    return ESCAPES.sub("", line).replace("\\-", "-")
