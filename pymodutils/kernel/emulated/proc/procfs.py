"""The module-related part of /proc; kernel/module/procfs.c, kernel/kallsyms.c, kernel/sysctl.c."""

from __future__ import annotations

from errno import EINVAL, EIO
from functools import partial
from typing import TYPE_CHECKING, Final

from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.load import delete_module
from pymodutils.kernel.emulated.params.numbers import WIDEST, Invalid, integer
from pymodutils.kernel.emulated.proc.kallsyms import address, kallsyms
from pymodutils.kernel.emulated.state.taints import LETTERS, letters
from pymodutils.kernel.emulated.vfs import File, Folder, file, folder, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.module import KernelModule

WORDS: Final = {State.LIVE: "Live", State.COMING: "Loading", State.GOING: "Unloading"}
SIGNS: Final = {State.LIVE: "", State.COMING: "+", State.GOING: "-"}
LONGEST: Final = 21  # maximum characters of a number in a sysctl


def tree(state: KernelState) -> Folder:
    """/proc."""
    kernel = {
        "modules_disabled": _number(state, delete_module.DISABLED, _disable, 0o644),
        "osrelease": file(f"{state.rules.release}\n"),
        "tainted": _number(state, "tainted", _taint, 0o644),
        "version": file(f"{state.rules.version}\n"),
    }
    return folder(
        {
            "cmdline": _lines(lambda: iter([state.rules.cmdline])),
            "kallsyms": _lines(partial(kallsyms, state)),
            "modules": _lines(partial(modules, state)),
            "sys": folder({"kernel": folder(kernel)}),
            "version": _lines(lambda: iter([state.rules.banner])),
        }
    )


def modules(state: KernelState) -> Iterator[str]:
    """The lines of /proc/modules, newest module first."""
    return (line(state, module) for module in state.modules())


def line(state: KernelState, module: KernelModule) -> str:
    """The line about ``module``."""
    size = module.size(init=True) + module.size(init=False)
    taints = f" ({letters(module.taints)}{SIGNS[module.state]})" if module.taints else ""
    base = address(state, module.areas[0].base if module.areas else 0)
    return f"{module.name} {size}{_users(state, module)} {WORDS[module.state]} 0x{base}{taints}"


def _users(state: KernelState, module: KernelModule) -> str:
    if not state.rules.on("MODULE_UNLOAD"):
        return " - -"
    users = [*state.users_of(module), *(("[permanent]",) if module.permanent else ())]
    return f" {module.count} {''.join(f'{user},' for user in users) or '-'}"


def _lines(make: Callable[[], Iterator[str]]) -> File:
    def text() -> bytes:
        return "".join(f"{line}\n" for line in make()).encode("utf-8", "surrogateescape")

    return File(0o444, text, _unwritten, size=0)


def _unwritten(_: bytes) -> None:
    """Refuse a write to a read-only file, which root can open for writing."""
    raise refused("/proc", EIO)


def _number(state: KernelState, name: str, change: Callable[[KernelState, int], None], mode: int) -> File:
    def write(data: bytes) -> None:
        for word in data.split()[:1]:  # the rest is ignored
            try:
                change(state, integer(_plain(word), 0, WIDEST))
            except Invalid:
                raise refused(f"/proc/sys/kernel/{name}", EINVAL) from None

    return File(mode, lambda: b"%d\n" % state.setting(name), write, size=0)


def _plain(word: bytes) -> bytes:
    """``word`` as the number of a sysctl; raises Invalid."""
    if len(word) > LONGEST or word.startswith(b"+"):
        raise Invalid(EINVAL)
    return word


def _disable(state: KernelState, value: int) -> None:
    """Disable module loading, which cannot be enabled again."""
    if value != 1:
        raise refused("/proc/sys/kernel/modules_disabled", EINVAL)
    state.set(delete_module.DISABLED, value)


def _taint(state: KernelState, value: int) -> None:
    """Set taint bits, which cannot be cleared; unknown ones are ignored."""
    state.set("tainted", state.taints | value & (1 << len(LETTERS)) - 1)
