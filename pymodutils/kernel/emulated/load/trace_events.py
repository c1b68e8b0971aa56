"""The tracefs folders of a module's trace events; kernel/trace/trace_events.c.

From 6.6 on they are in eventfs, which creates folders on demand, without messages.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pymodutils.kern_levels import ERR, WARNING
from pymodutils.kernel.emulated.params.memory import ParamMemory
from pymodutils.kernel.emulated.state.kernel_state import EVENTS, KALLSYMS
from pymodutils.kernel.emulated.state.taints import Taint
from pymodutils.kernelimage.kallsyms import starting
from pymodutils.link.failure import OutOfBounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.kernel.emulated.load.load_info import LoadInfo

SYMBOLS: Final = (b"event_", b"str__")  # what those of events and systems start with
SEPARATOR: Final = b"\0"
SECTION: Final = "_ftrace_events"  # pointers to struct trace_event_call
EVENTFS_SINCE: Final = (6, 6)
GOOD: Final = (Taint.OUT_OF_TREE, Taint.STAGING, Taint.UNSIGNED, Taint.TEST)
PATCHES_SINCE: Final = (6, 12)  # live patches may have events
BESIDE_SYSTEMS: Final = ("enable", "header_page", "header_event")  # files
BESIDE_EVENTS: Final = ("enable", "filter")
LONGEST: Final = 255  # bytes of a name; NAME_MAX
READ: Final = 1025  # limit of a name in bytes


def add(load: LoadInfo) -> None:
    """Create a folder for each event of the module; an existing one stays with its first owner."""
    at = load.find(SECTION)
    if not at or not load.on("TRACEPOINTS") or load.sections[at].sh_size < load.rules.arch.bits // 8:
        return
    good = (*GOOD, Taint.LIVEPATCH) if load.rules.since(*PATCHES_SINCE) else GOOD
    if load.module.taints & ~sum(1 << taint for taint in good):
        load.log(ERR, f"{load.module.name}: module has bad taint, not creating trace events")
    elif not load.rules.since(*EVENTFS_SINCE):
        known = _of_kernel(load)
        for system, name in _events(load, at):
            _folder(load, system, name, known)


def _events(load: LoadInfo, at: int) -> Iterator[tuple[str, str]]:
    """The system and the name of each event, as far as they are in the module."""
    memory = ParamMemory.of(load.image, load.module.name)
    start, count = load.image.addresses[at], load.sections[at].sh_size // memory.word
    for place in range(start, start + count * memory.word, memory.word):
        try:
            (call,) = memory.unpack("P", place)
            _, _, event_class, tracepoint = memory.unpack("PPPP", call)
            texts = [memory.string(memory.unpack("P", it)[0], READ) for it in (event_class, tracepoint)]
        except OutOfBounds:
            continue
        system, name = (text.decode("utf-8", "surrogateescape") for text in texts)
        yield system, name


def _folder(load: LoadInfo, system: str, name: str, known: frozenset[bytes]) -> None:
    """Create events/``system``/``name``; event_create_dir. ``known``: see ``_of_kernel``."""
    if _unfit(system) or system in BESIDE_SYSTEMS:
        load.log(WARNING, f"Failed to create system directory {system}")
    elif _unfit(name) or name in BESIDE_EVENTS or _is_there(load, system, name, known):
        load.log(WARNING, f"Could not create tracefs '{name}' directory")


def _unfit(name: str) -> bool:
    """Whether ``name`` is invalid as a file name."""
    return name in ("", ".", "..") or "/" in name or len(name.encode("utf-8", "surrogateescape")) > LONGEST


def _is_there(load: LoadInfo, system: str, name: str, known: frozenset[bytes]) -> bool:
    """Whether the kernel or another module has this event; if not, add it for the module.

    The kernel's are known by its symbols: no two events share a name.
    """
    symbols = (f"str__{system}__trace_system_name", f"event_{name}")
    return known.issuperset(symbol.encode("utf-8", "surrogateescape") for symbol in symbols) or (
        not load.state.add_event(load.module, system, name)
    )


def _of_kernel(load: LoadInfo) -> frozenset[bytes]:
    """The kernel's symbols that may be those of events; none for a caller that keeps no memory."""
    if not load.caller.keeps_memory:
        return frozenset()
    return _split(load.state.derived(EVENTS, KALLSYMS, _symbols))


def _symbols(packed: bytes) -> bytes:
    return SEPARATOR.join(starting(packed, *SYMBOLS))


@lru_cache(maxsize=2)
def _split(names: bytes) -> frozenset[bytes]:
    return frozenset(names.split(SEPARATOR))
