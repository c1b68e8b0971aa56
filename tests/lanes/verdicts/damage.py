r"""Damages to a module file, each one word: what is damaged, ``=``, and its new value.

| word                      | what it does                                                          |
|---------------------------|-----------------------------------------------------------------------|
| `ehdr:FIELD=EXPR`         | a field of the ELF header                                             |
| `SECTION:FIELD=EXPR`      | a field of a section header; `#N` is section N                        |
| `sym(NAME):FIELD=EXPR`    | a field of a symbol; `sym(#N)` is symbol N                            |
| `sym(NAME)=NEW`           | the name of a symbol                                                  |
| `swap(A,B)`               | two symbols change places                                             |
| `rela(SECTION,N):FIELD=E` | a field of the Nth relocation of a section                            |
| `@OFFSET=HEX`             | bytes of the file; `@SECTION+OFFSET=HEX` those of a section           |
| `info(TAG)=VALUE`         | the value of the first such tag of .modinfo; `info(TAG)` takes it out |
| `info+TAG=VALUE`          | one more entry at the end of .modinfo, `info^TAG` at its start        |
| `ver(SYMBOL)=EXPR`        | the CRC in __versions; `ver(SYMBOL)` takes the entry out              |
| `export(OLD)=NEW`         | an exported name, of the same length                                  |
| `text(OLD)=NEW`                           | the first string that is OLD, of the same length                      |
| `name=NEW`                | the name in struct module                                             |
| `rename(OLD)=NEW`         | the name of a section                                                 |
| `add(NAME,TYPE,FLAGS)=HEX`| one more section                                                      |
| `content(NAME)=HEX`       | what a section holds; `*N` behind the bytes repeats them              |
| `cut=EXPR`                | only so many bytes of the file                                        |
| `append=TEXT`             | append that; `\n` is a newline, `\xHH` a byte                          |
| `packed=FORMAT`                           | xz or gzip                                                            |
| `unsigned`                | without the signature                                                 |
"""

from __future__ import annotations

import gzip
import lzma
import re
from collections.abc import Callable
from functools import partial
from struct import pack, unpack_from

from tests.lanes.verdicts.editor import HEADER, RELA, SECTION, SYMBOL, Editor

MARKER = b"~Module signature appended~\n"
TRAILER = 12  # bytes of struct module_signature
NAME_OFFSET = 24  # of the name in struct module: behind its state and its list
VERSION_SIZE = 64
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "xz": partial(lzma.compress, check=lzma.CHECK_CRC32),  # the one check that kernels know
    "gzip": partial(gzip.compress, mtime=0),
}

Damage = Callable[..., None]


def damaged(data: bytes, words: list[str]) -> bytes:
    """``data`` after all the damage in ``words``; raises ValueError for an unknown word."""
    editor = Editor(data)
    for word in words:
        _apply(editor, word)
    return bytes(editor.data)


def _apply(editor: Editor, word: str) -> None:
    for pattern, damage in DAMAGES.items():
        found = re.fullmatch(pattern, word, re.DOTALL)
        if found:
            damage(editor, *found.groups())
            return
    raise ValueError(word)


def _header(editor: Editor, field: str, value: str) -> None:
    editor.put(HEADER, 0, field, value)


def _section(editor: Editor, name: str, field: str, value: str) -> None:
    editor.put(SECTION, editor.section(name), field, value)


def _symbol(editor: Editor, name: str, field: str, value: str) -> None:
    editor.put(SYMBOL, editor.symbol(name), field, value)


def _relocation(editor: Editor, section: str, number: str, field: str, value: str) -> None:
    editor.put(RELA, editor.relocation(section, int(number)), field, value)


def _bytes(editor: Editor, section: str | None, offset: str, value: str) -> None:
    start = editor.get(SECTION, editor.section(section), "sh_offset") if section else 0
    data = _hex(value)
    start += int(offset, 0)
    editor.data[start : start + len(data)] = data


def _hex(text: str) -> bytes:
    found, _, times = text.partition("*")
    return bytes.fromhex(found) * int(times or 1)


def _info(editor: Editor, tag: str, value: str | None) -> None:
    rows = editor.content(".modinfo").split(b"\0")
    prefix = f"{tag}=".encode()
    at = next(at for at, row in enumerate(rows) if row.startswith(prefix))
    rows[at : at + 1] = [] if value is None else [prefix + _text(value)]
    editor.replace(".modinfo", b"\0".join(rows))


def _more_info(editor: Editor, place: str, entry: str) -> None:
    old, new = editor.content(".modinfo"), _text(entry) + b"\0"
    editor.replace(".modinfo", new + old if place == "^" else old + new)


def _version(editor: Editor, symbol: str, value: str | None) -> None:
    content = editor.content("__versions")
    rows = [content[at : at + VERSION_SIZE] for at in range(0, len(content), VERSION_SIZE)]
    at = next(at for at, row in enumerate(rows) if row[8:].split(b"\0")[0] == symbol.encode())
    if value is None:
        del rows[at]
    else:
        crc = editor.value(value, unpack_from("<Q", rows[at])[0])
        rows[at] = pack("<Q", crc & (1 << 64) - 1) + rows[at][8:]
    editor.replace("__versions", b"".join(rows))


def _export(editor: Editor, old: str, new: str) -> None:
    start = editor.get(SECTION, editor.section("__ksymtab_strings"), "sh_offset")
    at = editor.data.index(old.encode() + b"\0", start)
    if len(old) != len(new):
        raise ValueError(new)
    editor.data[at : at + len(new)] = new.encode()


def _string(editor: Editor, old: str, new: str) -> None:
    wanted, data = old.encode(), _text(new)
    if len(wanted) != len(data):
        raise ValueError(new)
    at = editor.data.index(b"\0" + wanted + b"\0") + 1
    editor.data[at : at + len(data)] = data


def _name(editor: Editor, new: str) -> None:
    start = editor.get(SECTION, editor.section(".gnu.linkonce.this_module"), "sh_offset") + NAME_OFFSET
    editor.data[start : start + 56] = _text(new).ljust(56, b"\0")


def _add(editor: Editor, name: str, kind: str, flags: str, content: str) -> None:
    editor.add(name, _hex(content), kind=int(kind, 0), flags=int(flags, 0))


def _cut(editor: Editor, value: str) -> None:
    del editor.data[editor.value(value, len(editor.data)) :]


def _append(editor: Editor, text: str) -> None:
    editor.data += _text(text)


def _packed(editor: Editor, how: str) -> None:
    editor.data = bytearray(PACKERS[how](bytes(editor.data)))


def _text(text: str) -> bytes:
    return text.encode().decode("unicode_escape").encode("latin-1")


def _unsigned(editor: Editor) -> None:
    if editor.data.endswith(MARKER):
        del editor.data[-len(MARKER) :]
        size = int.from_bytes(editor.data[-4:], "big")
        del editor.data[-TRAILER - size :]


EXPR = r"([^=]+)"
DAMAGES: dict[str, Damage] = {
    rf"ehdr:(\w+)={EXPR}": _header,
    rf"sym\(([^)]+)\):(\w+)={EXPR}": _symbol,
    r"sym\(([^)]+)\)=(.*)": Editor.rename_symbol,
    r"swap\(([^,]+),([^)]+)\)": Editor.swap_symbols,
    rf"rela\(([^,]+),(\d+)\):(\w+)={EXPR}": _relocation,
    r"@(?:([^+=]+)\+)?(\w+)=([0-9a-f*]+)": _bytes,
    r"info\(([^)]+)\)(?:=(.*))?": _info,
    r"info([+^])(.*)": _more_info,
    rf"ver\(([^)]+)\)(?:={EXPR})?": _version,
    r"export\(([^)]+)\)=(.*)": _export,
    r"text\(([^)]+)\)=(.*)": _string,
    r"name=(.*)": _name,
    r"rename\(([^)]+)\)=(.*)": Editor.rename,
    r"add\(([^,]+),(\w+),(\w+)\)=([0-9a-f*]*)": _add,
    r"content\(([^)]+)\)=([0-9a-f*]*)": lambda editor, name, value: editor.replace(name, _hex(value)),
    rf"cut={EXPR}": _cut,
    r"append=(.*)": _append,
    r"packed=(\w+)": _packed,
    r"unsigned": _unsigned,
    rf"([^:]+):(sh_\w+)={EXPR}": _section,
}
