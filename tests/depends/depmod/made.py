"""Small module files with the sections that depmod reads, and trees of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.oracles.trees import Tree

VERSION = "6.1.0-made"


def module(
    *,
    info: Iterable[bytes] = (),
    exports: Mapping[bytes, int] | None = None,
    needs: Iterable[bytes] = (),
    weak: Iterable[bytes] = (),
    strings: bytes | None = None,
    versions: Iterable[tuple[bytes, int]] | None = None,
) -> bytes:
    """A relocatable ELF file; ``exports`` are names with CRCs, ``strings`` a __ksymtab_strings."""
    strtab, symbols = b"\0", [bytes(24)]
    rows = [(b"__crc_" + name, 0x10, 0xFFF1, crc) for name, crc in (exports or {}).items()]
    rows += [(name, 0x10, 0, 0) for name in needs] + [(name, 0x20, 0, 0) for name in weak]
    for name, st_info, shndx, value in rows:
        symbols.append(struct.pack("<IBBHQQ", len(strtab), st_info, 0, shndx, value, 0))
        strtab += name + b"\0"
    sections = [
        (b"", 0, b"", 0),
        (b".modinfo", 1, b"".join(each + b"\0" for each in info), 0),
        (b".symtab", 2, b"".join(symbols), 3),
        (b".strtab", 3, strtab, 0),
    ]
    if strings is not None:
        sections.append((b"__ksymtab_strings", 1, strings, 0))
    if versions is not None:
        records = b"".join(struct.pack("<Q56s", crc, name) for name, crc in versions)
        sections.append((b"__versions", 1, records, 0))
    return _linked(sections)


def _linked(sections: list[tuple[bytes, int, bytes, int]]) -> bytes:
    names = b"\0".join(name for name, *_ in sections) + b"\0.shstrtab\0"
    sections = [*sections, (b".shstrtab", 3, names, 0)]
    body, headers = b"", b""
    for name, kind, content, link in sections:
        at = names.index(name + b"\0") if name else 0
        entry = 24 if kind == 2 else 0
        headers += struct.pack(
            "<IIQQQQIIQQ", at, kind, 0, 0, 64 + len(body), len(content), link, int(kind == 2), 1, entry
        )
        body += content
    body += bytes(-len(body) % 8)
    last = len(sections)
    head = struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, last, last - 1)
    return b"\x7fELF\x02\x01\x01" + bytes(9) + head + body + headers


def place(root: Path, modules: Mapping[str, bytes], **others: str) -> Tree:
    """A tree of ``modules`` by path, in that order, and the ``others`` as modules.NAME."""
    found = Tree(root, VERSION)
    for path, data in modules.items():
        (found.modules / path).parent.mkdir(parents=True, exist_ok=True)
        (found.modules / path).write_bytes(data)
    texts = {"order": "".join(f"{path}\n" for path in modules), "builtin": "", "builtin_modinfo": ""}
    for name, text in (texts | others).items():
        (found.modules / f"modules.{name.replace('_', '.')}").write_text(text)
    return found
