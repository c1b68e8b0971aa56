"""query_module and get_kernel_syms; kernel/module.c of 2.4."""

from __future__ import annotations

from errno import EINVAL, ENOENT, ENOSPC
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.linux24.kernel.create_module import get_mod_name, refused
from pymodutils.linux24.struct_module import DELETED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.linux24.kernel.state import Module24, ModuleSymbol, StoredKernel

PROBE, MODULES, DEPS, REFS, SYMBOLS, INFO = range(6)
KSYM_NAME: Final = 60  # bytes of a name in struct kernel_sym


class Answer(NamedTuple):
    """The result of query_module: errno, buffer contents, and *ret.

    *ret is a number of entries, or with ENOSPC the required buffer size.
    """

    errno: int
    data: bytes = b""
    ret: int = 0


def query_module(state: StoredKernel, name: str | None, which: int, bufsize: int) -> Answer:
    """Query the module ``name``, or with None the kernel itself; raises Refused for other errors."""
    module = None
    if name is not None:
        get_mod_name(name)
        module = state.find(name)
        if module is None:
            raise refused(name, ENOENT)
    if which == PROBE:
        return Answer(0)
    if which == MODULES:
        return _names([each.name for each in state.modules], bufsize)
    if which == SYMBOLS:
        symbols = state.kernel_symbols() if module is None else _queried(module)
        return _symbols(state, symbols, bufsize)
    if module is None or which not in (DEPS, REFS, INFO):
        raise refused(name or "kernel", EINVAL)
    if which == INFO:
        return _info(state, module, bufsize)
    return _names(_related(state, module, which), bufsize)


def can_query(module: Module24) -> bool:
    """MOD_CAN_QUERY: running, and not being deleted."""
    return module.header["flags"] & (RUNNING | DELETED) == RUNNING


def _queried(module: Module24) -> list[ModuleSymbol]:
    return module.symbols if can_query(module) else []


def _related(state: StoredKernel, module: Module24, which: int) -> list[str]:
    """The names of the dependencies of ``module``, or of its users."""
    if not can_query(module):
        return []
    if which == REFS:
        return [user.name for _, user in state.refs(module)]
    used = [state.at(state.reference(at)[0]) for at in state.deps(module)]
    return [each.name for each in used if each]


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape") + b"\0"


def _names(names: Sequence[str], bufsize: int) -> Answer:
    """Concatenated names."""
    data = b"".join(map(_bytes, names))
    return Answer(0, data, len(names)) if len(data) <= bufsize else Answer(ENOSPC, b"", len(data))


def _symbols(state: StoredKernel, symbols: Sequence[ModuleSymbol], bufsize: int) -> Answer:
    """Pairs of a value and the offset of a name, then the names."""
    pair = state.abi.longs(2)
    strings = bytearray()
    rows = bytearray()
    for symbol in symbols:
        rows += pair.pack(symbol.value, len(symbols) * pair.size + len(strings))
        strings += _bytes(symbol.name)
    data = bytes(rows + strings)
    return Answer(0, data, len(symbols)) if len(data) <= bufsize else Answer(ENOSPC, b"", len(data))


def _info(state: StoredKernel, module: Module24, bufsize: int) -> Answer:
    """Struct module_info: address, size, flags and reference count."""
    row, header = state.abi.longs(4), module.header
    if row.size > bufsize:
        return Answer(ENOSPC, b"", row.size)
    minus = (1 << state.abi.bits) - 1
    count = minus if header.has("can_unload") and header["can_unload"] else header["usecount"]
    return Answer(0, row.pack(module.base, header["size"], header["flags"], count), row.size)


def get_kernel_syms(state: StoredKernel) -> tuple[int, bytes]:
    """The number of struct kernel_sym with and without a table, and the table.

    Each module begins with an entry of "#" and its name.
    """
    rows: list[tuple[int, bytes]] = []
    for module in state.modules:
        if can_query(module):
            rows.append((module.base, b"#" + _bytes(module.name)))
            rows += [(symbol.value, _bytes(symbol.name)) for symbol in module.symbols]
    rows.append((0, b"#"))
    rows += [(symbol.value, _bytes(symbol.name)) for symbol in state.kernel_symbols()]
    long = state.abi.longs(1)
    table = b"".join(long.pack(value) + name[: KSYM_NAME - 1].ljust(KSYM_NAME, b"\0") for value, name in rows)
    return len(rows), table
