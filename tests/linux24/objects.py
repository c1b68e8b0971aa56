"""Small i386 modules of 2.4, and a kernel to load them into."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from pymodutils.linux24.insmod.ksymtab import Origin
from pymodutils.linux24.insmod.loading import Loading
from pymodutils.linux24.insmod.options import InsmodOptions
from pymodutils.linux24.insmod.report import RunMessages
from pymodutils.linux24.kernel import boot
from pymodutils.linux24.kernel.kernel import Linux24
from pymodutils.linux24.kernel.state import ModuleSymbol

INFO = {"kernel_version": "2.4.32", "license": "GPL"}
EXPORTS = {"printk": 0xC011_0000, "jiffies": 0xC011_4560, "GPLONLY_gplsym": 0xC011_8000}
FUNC, DATA = 0x12, 0x11  # st_info of global functions and objects
HEADER = "<16sHHIIIIIHHHHHH"


def kernel(exports: Mapping[str, int] = EXPORTS, **config: object) -> Linux24:
    """A kernel in memory with these exports."""
    symbols = [ModuleSymbol(value, name) for name, value in exports.items()]
    return Linux24.boot(symbols, config=boot.BootConfig()._replace(**config))  # type: ignore[arg-type]


def module(
    *,
    info: Mapping[str, str] = INFO,
    imports: Sequence[str] = ("printk",),
    exports: Sequence[str] = (),
    data: Mapping[str, bytes] = {},
    weak: Sequence[str] = (),
) -> bytes:
    """A module whose .text has a word for each import, and a function for each export."""
    needed = [*imports, *weak]
    functions = ["init_module", "cleanup_module", *exports]
    text = bytes(4 * len(needed)) + b"\xc3" * len(functions)
    names, symbols = b"\0", struct.pack("<IIIBBH", 0, 0, 0, 0, 0, 0)
    values = b"".join(data.values())
    rows = [(name, 0, 0x20 if name in weak else 0x10, 0) for name in needed]
    rows += [(name, 4 * len(needed) + at, FUNC, 1) for at, name in enumerate(functions)]
    at = 0
    for name, content in data.items():
        rows.append((name, at, DATA, 2))
        at += len(content)
    for name, value, kind, section in rows:
        symbols += struct.pack("<IIIBBH", len(names), value, 1, kind, 0, section)
        names += name.encode() + b"\0"
    modinfo = b"".join(f"{key}={value}".encode() + b"\0" for key, value in info.items())
    relocs = b"".join(struct.pack("<II", 4 * at, at + 1 << 8 | 1) for at in range(len(needed)))
    sections = [
        (".text", 1, 6, text, 0, 0, 4),
        (".data", 1, 3, values, 0, 0, 4),
        (".modinfo", 1, 2, modinfo, 0, 0, 1),
        (".symtab", 2, 0, symbols, 5, 1, 4),
        (".strtab", 3, 0, names, 0, 0, 1),
        (".rel.text", 9, 0, relocs, 4, 1, 4),
    ]
    return elf(sections)


def elf(sections: Sequence[tuple[str, int, int, bytes, int, int, int]]) -> bytes:
    """An i386 ELF file with these sections: name, type, flags, content, link, info, alignment."""
    strings, body, headers = b"\0", b"", struct.pack("<10I", *[0] * 10)
    entry = {2: 16, 9: 8}
    every = [*sections, (".shstrtab", 3, 0, b"", 0, 0, 1)]
    for name, *_ in every:
        strings += name.encode() + b"\0"
    for name, kind, flags, content, link, info, align in every:
        held = strings if name == ".shstrtab" else content
        where = strings.index(b"\0" + name.encode() + b"\0") + 1
        fields = (where, kind, flags, 0, 52 + len(body), len(held), link, info, align, entry.get(kind, 0))
        headers += struct.pack("<10I", *fields)
        body += held
    ident = b"\x7fELF\1\1\1".ljust(16, b"\0")
    count = len(every) + 1
    head = struct.pack(HEADER, ident, 1, 3, 1, 0, 0, 52 + len(body), 0, 52, 0, 0, 40, count, count - 1)
    return head + body + headers


def load(
    into: Linux24, name: str, data: bytes, *words: str, options: InsmodOptions | None = None
) -> tuple[int, RunMessages]:
    """Load ``data`` as the module ``name``; the exit status and the messages."""
    path = f"/v24/{name}.o"
    report = RunMessages("insmod")
    return Loading(into, path, options or InsmodOptions(), report).run(data, words, Origin(path, 0)), report


def written(folder: Path, name: str, data: bytes) -> str:
    """The path of ``data`` in a file."""
    path = folder / f"{name}.o"
    path.write_bytes(data)
    return str(path)
