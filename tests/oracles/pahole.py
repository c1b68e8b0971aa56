"""Structures as pahole of Debian 13 reads them from BTF."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from tests.oracles import loader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIBRARIES = ("libdw1t64", "libelf1t64", "zlib1g", "libbz2-1.0", "liblzma5", "libzstd1", "libbpf1")
STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\}[^\n]*;", re.MULTILINE | re.DOTALL)
SIZE = re.compile(r"^\t/\* size: (\d+)", re.MULTILINE)
MEMBER = re.compile(r"^\t(\S.*); +/\* +(\d+)(?:: ?(\d+))? +\d+ \*/", re.MULTILINE)
POINTER = re.compile(r"\(\*+ *(\w+)")  # to a function or an array
NAME = re.compile(r"(\w+)(?:\[\d*\])*(?::(\d+))?$")
NAMELESS = re.compile(r"(?:struct|union) +\w+$")  # -fms-extensions
ATTRIBUTE = re.compile(r" +__attribute__\(\(.*?\)\)(?=$| )")


class Layout(NamedTuple):
    """A structure: its size in bytes; the named members with offset and, of bit-fields, width in bits."""

    name: str
    size: int
    members: tuple[tuple[str, int, int], ...]


def structures(btf: Path) -> Iterator[Layout]:
    """Every named structure, once; raises Unavailable."""
    for name, body in STRUCT.findall(run("-F", "btf", str(btf))):
        size = SIZE.search(body)
        yield Layout(name, int(size[1]) if size else 0, tuple(_members(body)))


def _members(body: str) -> Iterator[tuple[str, int, int]]:
    for text, byte, bit in MEMBER.findall(body):
        declared = ATTRIBUTE.sub("", text)
        pointer, plain = POINTER.search(declared), NAME.search(declared)
        if pointer:
            yield pointer[1], int(byte) * 8, 0
        elif plain and not NAMELESS.fullmatch(declared):
            yield plain[1], int(byte) * 8 + int(bit or 0), int(plain[2] or 0)


def run(*words: str) -> str:
    """The output of pahole; raises Unavailable."""
    command = [*loader.words("trixie", "pahole", "pahole", LIBRARIES), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
