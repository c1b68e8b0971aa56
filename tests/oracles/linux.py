"""Messages in the loaders of Debian's Linux sources."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.oracles.debian import cache as oracles
from tests.oracles.debian import locked, newest, unpacked

SUITES: Final = {"6.1": "bookworm", "6.12": "trixie", "newest": "forky"}  # by release
GENERIC: Final = ("kernel/module/main.c", "include/linux/moduleloader.h")
LOADER: Final = re.compile(r"arch/(\w+)/kernel/module[\w-]*\.c")
LITERALS: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
PR_FMT: Final = re.compile(r'#define pr_fmt\(fmt\) (KBUILD_MODNAME )?"(.*)" fmt')
SHORTEST: Final = 6  # letters that are no conversions; what has fewer is no message
CONVERSION: Final = re.compile(r"%[-#0-9]*(?:hh?|ll?|L)?(?:p[A-Z]?|[a-zA-Z])")


def folder(release: str) -> Path:
    """The source files of the loaders, extracted once; raises Unavailable."""
    source = newest("linux-source", SUITES[release]) if release == "newest" else f"linux-source-{release}"
    made = oracles() / f"loaders-{source.removeprefix('linux-source-')}"
    with locked(made.name):
        if not made.is_dir():
            archive = unpacked(source, SUITES[release]) / f"usr/src/{source}.tar.xz"
            partial = made.with_name(f"{made.name}.partial")
            with tarfile.open(archive) as tar:
                for member in tar:
                    name = member.name.partition("/")[2]
                    if name in GENERIC or LOADER.fullmatch(name):
                        content = tar.extractfile(member)
                        path = partial / name
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(content.read() if content else b"")
            partial.rename(made)
    return made


def file(name: str) -> Path:
    """The file ``name`` of Debian's Linux 6.1, extracted once; raises Unavailable."""
    source = "linux-source-6.1"
    made = oracles() / "linux-files" / name
    with locked("linux-files"):
        if not made.is_file():
            archive = unpacked(source) / f"usr/src/{source}.tar.xz"
            made.parent.mkdir(parents=True, exist_ok=True)
            with tarfile.open(archive) as tar:
                content = tar.extractfile(f"{source}/{name}")
                made.write_bytes(content.read() if content else b"")
    return made


@cache
def formats(arch: str, release: str = "6.1") -> tuple[re.Pattern[str], ...]:
    """The messages of the loader of ``arch``, a folder below arch/; conversions match anything."""
    top = folder(release)
    files = [*top.glob(f"arch/{arch}/kernel/module*.c"), *(top / name for name in GENERIC)]
    return tuple(pattern for path in files for pattern in _formats(path))


def _formats(path: Path) -> Iterator[re.Pattern[str]]:
    """The string literals of one file, with the prefix that it has for its messages, or without."""
    text = COMMENT.sub("", path.read_text())
    own = PR_FMT.search(text)
    prefix = f"(?:{path.stem.replace('-', '_') if own[1] else ''}{own[2]})?" if own else ""
    for joined in LITERALS.findall(text):
        plain = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', joined))
        parts = CONVERSION.split(plain.removesuffix(r"\n"))
        if len("".join(parts)) > SHORTEST:
            yield re.compile(prefix + ".+".join(map(re.escape, parts)))
