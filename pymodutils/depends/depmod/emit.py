"""The contents of the database's files; nothing is written here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pymodutils.depends import trie
from pymodutils.depends.depmod import hash as superfast
from pymodutils.depends.depmod.files import PRE_ORDER
from pymodutils.elf.facts import listed
from pymodutils.errors import ModutilsError
from pymodutils.names import normalize_alias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pymodutils.depends.depmod.job import Job
    from pymodutils.depends.depmod.tree import IndexedModule
    from pymodutils.elf.facts import Facts
    from pymodutils.log import Log

SYMBOL_BUCKETS: Final = 2048
SYMBOLS: Final = "syms"  # what duplicates in modules.symbols.bin are called
LONGEST_KEY: Final = (
    1023  # bytes of "symbol:NAME" for kmod 30, which has the one before twice where one is longer
)
BEGINNING: Final = 60  # bytes of a long name that are reported
LINE: Final = 4095  # bytes per line of modules.builtin in kmod; PATH_MAX
_NUMBERS: Final = re.compile(rb"(char|block)-major-(\s*[+-]?\d+)-(\s*[+-]?\d+)")
_LINES: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_BUILTIN_ALIAS: Final = re.compile(rb"([^.]+)\.alias=(.+)", re.DOTALL)

IndexEntry = tuple[bytes, bytes, int]


class IndexContents(NamedTuple):
    """The data of all files, with modules by number."""

    modules: Sequence[IndexedModule]
    facts: Sequence[Facts]
    dependencies: Sequence[Sequence[int]]
    owners: Mapping[bytes, int]  # exported symbol -> its module


def dep(database: IndexContents) -> bytes:
    """modules.dep: each module and its dependencies, to be loaded from right to left."""
    return b"".join([line + b"\n" for line in _dep_lines(database)])


def dep_entries(database: IndexContents) -> list[IndexEntry]:
    """modules.dep.bin: the lines of modules.dep by module name."""
    lines = _dep_lines(database)
    return [
        (module.name, line, at) for at, (module, line) in enumerate(zip(database.modules, lines, strict=True))
    ]


def _dep_lines(database: IndexContents) -> list[bytes]:
    paths = [module.listed for module in database.modules]
    return [
        b" ".join([path + b":", *[paths[at] for at in needs]])
        for path, needs in zip(paths, database.dependencies, strict=True)
    ]


def alias(database: IndexContents) -> bytes:
    """modules.alias: the aliases of each module."""
    head = b"# Aliases extracted from modules themselves.\n"
    return head + _lines(b"alias ", database, lambda facts: facts.aliases, behind=True)


def softdep(database: IndexContents) -> bytes:
    """modules.softdep."""
    head = b"# Soft dependencies extracted from modules themselves.\n"
    return head + _lines(b"softdep ", database, lambda facts: facts.softdeps)


def weakdep(database: IndexContents) -> bytes:
    """modules.weakdep."""
    head = b"# Weak dependencies extracted from modules themselves.\n"
    return head + _lines(b"weakdep ", database, lambda facts: facts.weakdeps)


def _lines(
    word: bytes, database: IndexContents, field: Callable[[Facts], bytes], *, behind: bool = False
) -> bytes:
    """A line for each string: ``word``, the module and the string, or with ``behind``, the string first."""
    lines = []
    for module, facts in zip(database.modules, database.facts, strict=True):
        if strings := field(facts):
            start, end = (word, b" " + module.name + b"\n") if behind else (word + module.name + b" ", b"\n")
            lines.append(start + strings[:-1].replace(b"\0", end + start) + end)
    return b"".join(lines)


def alias_entries(database: IndexContents, log: Log) -> Iterator[IndexEntry]:
    """modules.alias.bin: module names by normalised alias; those with unmatched brackets are omitted."""
    for at, (module, facts) in enumerate(zip(database.modules, database.facts, strict=True)):
        if facts.aliases:
            for key in _normalized(facts.aliases, log):
                yield key, module.name, at


def _normalized(aliases: bytes, log: Log) -> Iterator[bytes]:
    if b"[" not in aliases and b"]" not in aliases:
        yield from aliases[:-1].replace(b"-", b"_").split(b"\0")
        return
    for raw in listed(aliases):
        try:
            yield normalize_alias(raw.decode("latin-1")).encode("latin-1")
        except ModutilsError:
            log.warning(f"Unmatched bracket in {_text(raw)}")


def symbols(database: IndexContents) -> bytes:
    """modules.symbols: exported symbols with their modules, in the order of kmod's hash table."""
    head = b"# Aliases for symbols, used by symbol_request().\n"
    names = [module.name for module in database.modules]
    owners = database.owners
    ordered = superfast.ordered(owners, SYMBOL_BUCKETS)
    return head + b"".join([b"alias symbol:%b %b\n" % (name, names[owners[name]]) for name in ordered])


def symbol_entries(database: IndexContents) -> list[IndexEntry]:
    """modules.symbols.bin: module names by ``symbol:NAME``."""
    names = [module.name for module in database.modules]
    return [(b"symbol:" + symbol, names[at], at) for symbol, at in database.owners.items()]


def devname(database: IndexContents, log: Log) -> bytes:
    """modules.devname: device nodes that load their module when opened; empty if there are none."""
    lines = []
    for module, facts in zip(database.modules, database.facts, strict=True):
        if b"devname:" in facts.aliases:
            lines += _device(module.name, listed(facts.aliases), log)
    return b"".join([b"# Device nodes to trigger on-demand module loading.\n", *lines]) if lines else b""


def _device(module: bytes, aliases: list[bytes], log: Log) -> list[bytes]:
    """The line for the device in ``aliases``: the first complete pair of name and numbers."""
    name, numbers = None, None
    for each in aliases:
        if each.startswith(b"devname:"):
            name = each[8:]
        else:
            numbers = _NUMBERS.match(each) or numbers
        if name is not None and numbers:
            kind, major, minor = numbers.groups()
            return [b"%b %b %b%d:%d\n" % (module, name, kind[:1], _unsigned(major), _unsigned(minor))]
    if name is not None:
        what = f"Module '{_text(module)}' has devname ({_text(name)})"
        log.error(f"{what} but lacks major and minor information. Ignoring.")
    return []


def _unsigned(digits: bytes) -> int:
    """``digits`` as converted by %u of scanf(3), with its sign and overflow."""
    number = int(digits)
    return (number if abs(number) < 1 << 64 else -1) & 0xFFFFFFFF


def builtin_entries(listing: bytes, log: Log) -> list[IndexEntry]:
    """modules.builtin.bin: the names of built-in modules, from modules.builtin."""
    entries = []
    for line in _pieces(listing):
        if line[:1].isalpha():
            name = line[line.rfind(b"/") + 1 :].partition(b".")[0]
            entries.append((name.replace(b"-", b"_"), b"", 0))
        else:
            log.error(f"Invalid modules.builtin line: {_text(line)}")
    return entries


def _pieces(listing: bytes) -> Iterator[bytes]:
    """The lines of ``listing`` as read by kmod: pieces of at most LINE bytes, each up to a NUL."""
    for line in _LINES.findall(listing):
        for at in range(0, len(line), LINE):
            yield line[at : at + LINE].partition(b"\0")[0]


def builtin_alias_entries(info: bytes, log: Log) -> list[IndexEntry]:
    """modules.builtin.alias.bin: built-in modules by normalised alias, from modules.builtin.modinfo."""
    entries = []
    for string in info.split(b"\0")[:-1]:
        if found := _BUILTIN_ALIAS.match(string):
            module, raw = found.groups()
            entries += [(key, module, 0) for key in _normalized(raw + b"\0", log)]
    return entries


def index(what: str, entries: Iterable[IndexEntry], job: Job, log: Log) -> bytes:
    """The index file of ``entries``; those that the format cannot represent are omitted.

    With -w, duplicates are reported as ``what``.
    """
    order: Literal["pre", "post"] = "pre" if job.compat >= PRE_ORDER else "post"
    entries = list(_warned(what, entries, log) if job.warn and what else entries)
    if what == SYMBOLS and job.compat < PRE_ORDER:
        entries = _kept(entries, LONGEST_KEY, log)
    try:
        return trie.build(entries, order=order)
    except trie.Unindexable:
        kept = _kept(entries, trie.LONGEST, log)
        if len(kept) == len(entries):
            raise
        return trie.build(kept, order=order)


def _kept(entries: Sequence[IndexEntry], longest: int, log: Log) -> list[IndexEntry]:
    """Those of ``entries`` that fit into an index; the reason for omitting others is logged."""
    kept = []
    for key, text, priority in entries:
        if len(key) > longest:
            name = f"{_text(key[:BEGINNING])}... ({len(key)} bytes)"
            log.warning(f"Module index: name of module {_text(text)} is too long, left out: {name}")
        elif key.isascii() and text.isascii():
            kept.append((key, text, priority))
        else:
            _complain(key, text, log)
    return kept


def _warned(what: str, entries: Iterable[IndexEntry], log: Log) -> Iterator[IndexEntry]:
    seen: set[tuple[bytes, bytes]] = set()
    for entry in entries:
        key, text, _ = entry
        if (key, text) in seen:
            log.warning(f"duplicate module {what}:\n{_text(key)} {_text(text)}")
        seen.add((key, text))
        yield entry


def _complain(key: bytes, text: bytes, log: Log) -> None:
    """Log kmod's message on the byte that keeps an entry out of the index."""
    for part in (key, text):
        for octet in part:
            if octet & 128:
                what = f"'{chr(octet)}'=0x{octet:x}"
                log.error(
                    f"Module index: bad character {what} - only 7-bit ASCII is supported:\n{_text(part)}"
                )
                return


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
