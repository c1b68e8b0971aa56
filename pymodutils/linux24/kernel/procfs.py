"""/proc of an emulated 2.4 kernel; get_module_list and the seq_file of ksyms in kernel/module.c."""

from __future__ import annotations

from errno import EINVAL
from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.kernel.emulated.vfs import File, Folder, file, folder, refused
from pymodutils.linux24.kernel.query_module import can_query
from pymodutils.linux24.struct_module import AUTOCLEAN, DELETED, INITIALIZING, RUNNING, USED_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.linux24.kernel.state import Module24, ModuleSymbol, StoredKernel

PAGE_SIZE: Final = 4096
RELEASE, VERSION, TAINTED, DIGITS = "release", "version", "tainted", "digits"


def tree(state: StoredKernel) -> Folder:
    """/proc."""
    release, version = state.setting(RELEASE), state.setting(VERSION)
    kernel = {
        "osrelease": file(f"{release}\n"),
        "tainted": File(
            0o644,
            partial(_tainted, state),
            partial(_taint, state),
            size=0,
        ),
        "version": file(f"{version}\n"),
    }
    return folder(
        {
            "ksyms": File(0o444, lambda: _joined(ksyms(state)), size=0),
            "modules": File(0o444, partial(modules, state), size=0),
            "sys": folder({"kernel": folder(kernel)}),
            "version": file(f"Linux version {release} {version}\n"),
        }
    )


def _joined(lines: Iterator[str]) -> bytes:
    return "".join(lines).encode("utf-8", "surrogateescape")


def _tainted(state: StoredKernel) -> bytes:
    return f"{state.setting(TAINTED) or 0}\n".encode()


def _taint(state: StoredKernel, data: bytes) -> None:
    try:
        state.set(TAINTED, int(data or b"0"))
    except ValueError:
        raise refused("/proc/sys/kernel/tainted", EINVAL) from None


def modules(state: StoredKernel) -> bytes:
    """/proc/modules, truncated to one page, possibly within a line."""
    text = b""
    for module in state.modules:
        for part in _parts(state, module):
            data = part.encode("utf-8", "surrogateescape")
            if len(text) + len(data) > PAGE_SIZE:
                return text
            text += data
    return text


def _parts(state: StoredKernel, module: Module24) -> Iterator[str]:
    """The line of ``module`` in the parts copied by the kernel."""
    header, flags = module.header, module.header["flags"]
    yield module.name
    yield " " * max(0, 20 - len(module.name.encode("utf-8", "surrogateescape")))
    yield f"{header['size']:8}"
    if flags & RUNNING:
        yield f"{-1 if header.has('can_unload') and header['can_unload'] else header['usecount']:4}"
    yield from _state(flags)
    users = [user.name for _, user in state.refs(module)]
    if users:
        yield " ["
        for at, user in enumerate(users):
            yield f" {user}" if at else user
        yield "]"
    yield "\n"


def _state(flags: int) -> Iterator[str]:
    if flags & DELETED:
        yield " (deleted)"
    elif flags & RUNNING:
        if flags & AUTOCLEAN:
            yield " (autoclean)"
        if not flags & USED_ONCE:
            yield " (unused)"
    elif flags & INITIALIZING:
        yield " (initializing)"
    else:
        yield " (uninitialized)"


def ksyms(state: StoredKernel) -> Iterator[str]:
    """The lines of /proc/ksyms: those of modules, newest first, then the kernel's."""
    digits = 2 * state.abi.long if state.machine else int(state.setting(DIGITS) or 8)
    for module in state.modules:
        for symbol in module.symbols if can_query(module) else ():
            yield _line(symbol, digits, f"\t[{module.name}]")
    for symbol in state.kernel_symbols():
        yield _line(symbol, digits, "")


def _line(symbol: ModuleSymbol, digits: int, owner: str) -> str:
    return f"{symbol.value:0{digits}x} {symbol.name}{owner}\n"
