"""Stored answers of Debian's kernel about the parameters of every.c, for the quick tests.

``python -m tests.kernel.emulated.params.golden`` asks it again.
"""

from __future__ import annotations

import base64
import json
import lzma
from pathlib import Path
from typing import Any, Final, NamedTuple

from pymodutils.elf import compress
from tests.kernel.emulated.params import lines
from tests.lanes import qemu
from tests.oracles import kbuild

SOURCE: Final = Path(__file__).with_name("every.c")
FILE: Final = Path(__file__).with_name("golden.json.xz")
GENERATED: Final = 150  # lines
QUERIES: Final = (
    *("+p", "=_", "-pmflt", "+q", "p", "*p", "+", "func f +p", "func f", "f +p", "nosuch f +p"),
    *("line 5 +p", "line 5-9 +p", "line -9 +p", "line 5- +p", "line 9-5 +p", "line 0 +p", "line x +p"),
    *("line +7 +p", "line 4294967295 +p", "line 4294967296 +p", "line 007 +p", "line 1 line 2 +p"),
    *("line 0 line 2 +p", "line - +p", "line 1-x +p", "func f func g +p", "file a.c:9 +p", "file a.c:g +p"),
    *("file a.c:9-5 +p", "file a.c:*g func h +p", "file a.c:?g +p", "file a.c: +p", "file a.c:5 line 6 +p"),
    *("file a:b:c +p", "module m format f class c +p", "class a class b +p", "format 'a b' +p"),
    *("format 'a +p", "func f +p # more", "# comment", " ; +p;=x;\t", "func f;+p", "a b c d e f g h +p"),
    *("a b c d e f g h i +p", "a b c d e f g h i j +p", "file a file b +p", "file a:3 file b +p"),
    *("func a.c:3 +p", "=pf +p", "+pz", "line 12345678901 +p", "line 00000000000000000005 +p"),
)


class Answers(NamedTuple):
    """The module, and what happened on each line and on each write to a file."""

    module: bytes
    loads: list[tuple[str, dict[str, Any]]]
    stores: list[tuple[tuple[str, str], dict[str, Any]]]


def kept() -> Answers:
    """The stored answers."""
    module, loads, stores = json.loads(lzma.decompress(FILE.read_bytes()))
    return Answers(
        base64.b64decode(module),
        [(line, theirs) for line, theirs in loads],
        [((file, text), theirs) for (file, text), theirs in stores],
    )


def questions() -> tuple[list[str], list[tuple[str, str]]]:
    """Lines to load the module with, and writes to its files after that."""
    queries = [f'dyndbg="{query}"' for query in QUERIES]
    return [*lines.WHOLE, *lines.made(GENERATED), *queries], list(lines.writes())


def asked() -> Answers:
    """What the kernel says now."""
    path, (asked, written) = kbuild.module(SOURCE), questions()
    loads, stores = qemu.run("tests.lanes.guest.parameters:both", str(path), asked, written, files=[path])
    data = compress.read(str(path))
    return Answers(data, list(zip(asked, loads, strict=True)), list(zip(written, stores, strict=True)))


if __name__ == "__main__":
    found = asked()
    document = json.dumps([base64.b64encode(found.module).decode(), *found[1:]], separators=(",", ":"))
    FILE.write_bytes(lzma.compress(document.encode(), preset=9))
