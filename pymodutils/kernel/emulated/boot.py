"""Create a state file from a description, and read its rules back."""

from __future__ import annotations

from errno import ENOENT
from typing import TYPE_CHECKING, Final

from pymodutils.errors import BadState, Refused
from pymodutils.kern_levels import ERR, NOTICE
from pymodutils.kernel import state_path
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated import kernel_image
from pymodutils.kernel.emulated.load import delete_module, module_sig_check
from pymodutils.kernel.emulated.load.find_symbol import KERNEL
from pymodutils.kernel.emulated.rules import Rules, assumed, rules
from pymodutils.kernel.emulated.state import vmalloc
from pymodutils.kernel.emulated.state.database import MEMORY, StateFile, signed, unsigned
from pymodutils.kernel.emulated.state.kernel_state import BTF, KALLSYMS, KernelState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.arch.model import Arch
    from pymodutils.kernel.emulated.caller import WallClock

KEPT: Final = (  # fields of the description used by the rules
    *("release", "version", "vermagic", "machine", "bits", "order"),
    *("page_size", "generation", "strict_versions", "module_size", "banner"),
)
CMDLINE: Final = "cmdline"
BOOTED: Final = "booted"  # seconds since the epoch
END: Final = "end"  # the address of _end
PERCPU: Final = "percpu"  # start of the per-CPU memory reserved for modules
DEFAULT: Final = "pymodutils/kernel.state"  # below $XDG_STATE_HOME


def default_path() -> str:
    """The default state file."""
    return state_path.default(DEFAULT)


def make(path: str, kernel: Description, cmdline: str, clock: WallClock) -> StateFile:
    """Write a freshly booted kernel to the file ``path``, replacing an existing one.

    An existing file is replaced in a transaction: its users see either the old kernel or the new one.
    """
    made = StateFile.create()
    with made.transaction():
        wanted = rules(kernel, cmdline)
        _fill(made, kernel, wanted, clock.time())
        _write_sysctls(made, wanted, clock)
    return made if path == MEMORY else made.replace(path)


def read(store: StateFile) -> Rules:
    """The rules of the kernel in ``store``; raises BadState if they are invalid."""
    with store.transaction():
        found = dict(store.execute("SELECT name, value FROM setting"))
        switches = {name: bool(value) for name, value in store.execute("SELECT name, value FROM switch")}
    missing = [name for name in (*KEPT, CMDLINE, END, PERCPU) if name not in found]
    if missing:
        raise BadState(store.path, f"{store.path}: the file is damaged: it has no {missing[0]}")
    kept = {name: found[name] for name in KEPT}
    kept["strict_versions"] = bool(kept["strict_versions"])
    try:
        known = Description(**kept, percpu=unsigned(found[PERCPU]), switches=switches)
        return rules(known, found[CMDLINE], unsigned(found[END]))
    except (AttributeError, TypeError, ValueError) as error:  # the values of settings have any type
        raise BadState(store.path, f"{store.path}: the file is damaged: {error}") from None


def _fill(store: StateFile, kernel: Description, wanted: Rules, now: float) -> None:
    settings = {name: getattr(kernel, name) for name in KEPT}
    settings |= {"release": wanted.release, "version": wanted.version, "vermagic": wanted.vermagic}
    settings |= {CMDLINE: wanted.cmdline, BOOTED: now, **_switched(wanted)}
    settings |= {END: signed(wanted.image.high), PERCPU: signed(wanted.percpu)}
    store.many("INSERT INTO setting VALUES (?, ?)", settings.items())
    store.many("INSERT INTO switch VALUES (?, ?)", sorted({**assumed(kernel), **kernel.switches}.items()))
    store.many("INSERT INTO builtin VALUES (?)", [(name,) for name in sorted(set(kernel.builtins or ()))])
    store.many("INSERT INTO certificate VALUES (?)", [(der,) for der in sorted(set(kernel.keys))])
    store.many("INSERT INTO export VALUES (?, ?, ?, ?, ?, ?)", _exports(kernel, wanted.arch))
    vmalloc.open_range(store, wanted.arch)
    for name, content in ((BTF, kernel.btf), (KALLSYMS, kernel.kallsyms)):
        if content:
            store.insert("INSERT INTO blob VALUES (?, ?)", name, content)
    store.insert("INSERT INTO line (stamp, level, text) VALUES (?, ?, ?)", now, NOTICE, wanted.banner)
    line = f"Kernel command line: {wanted.cmdline}"
    store.insert("INSERT INTO line (stamp, level, text) VALUES (?, ?, ?)", now, NOTICE, line)


def _switched(wanted: Rules) -> dict[str, int]:
    """The initial settings by configuration and command line."""
    words = wanted.words
    level = words.lockdown() if wanted.on("SECURITY_LOCKDOWN_LSM") else 0
    if wanted.on("LOCK_DOWN_KERNEL_FORCE_INTEGRITY"):
        level = max(level, module_sig_check.INTEGRITY)
    return {
        "tainted": 0,
        module_sig_check.ENFORCE: int(wanted.on("MODULE_SIG_FORCE") or words.sig_enforce()),
        module_sig_check.LOCKDOWN: level,
        delete_module.DISABLED: int(words.modules_disabled()),
    }


def _write_sysctls(store: StateFile, wanted: Rules, clock: WallClock) -> None:
    """Write the sysctls of the command line; fs/proc/proc_sysctl.c: do_sysctl_args."""
    written = list(wanted.words.sysctls())
    if not written:
        return
    from pymodutils.kernel.emulated import vfs  # noqa: PLC0415
    from pymodutils.kernel.emulated.proc import procfs  # noqa: PLC0415 -- few command lines have any

    state = KernelState(store, wanted, clock.time)
    for name, value in written:
        try:
            vfs.write(procfs.tree(state), f"sys/{name.replace('.', '/')}", value)
        except Refused as refused:
            setting = f"{name}={value.decode('utf-8', 'surrogateescape')}"
            why = "parameter not found" if refused.errno == ENOENT else "invalid value"
            state.log(ERR, f"Failed to set sysctl parameter '{setting}': {why}")


def _exports(kernel: Description, arch: Arch) -> Iterator[tuple[object, ...]]:
    with_versions = any(export.crc for export in kernel.exports.values())
    first = kernel_image.first_made_up(arch)
    for at, (name, export) in enumerate(kernel.exports.items()):
        address = first + at * kernel_image.STEP if export.address is None else export.address
        crc = export.crc if with_versions else None
        yield name, KERNEL, int(bool(export.gpl)), signed(address), crc, export.namespace or ""
