"""The user-space view of an emulated kernel: files, log, uevents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pymodutils.errors import Refused
from pymodutils.kern_levels import INFO
from pymodutils.kernel.base import PrintkRecord
from pymodutils.kernel.emulated import boot, vfs

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.transaction import Operator
    from pymodutils.kernel.emulated.vfs import Folder, Node

T = TypeVar("T")


class Exported(NamedTuple):
    """A file, link or folder of /proc or /sys, with the contents of a file."""

    path: str
    node: Node
    content: bytes


class Observed:
    """The part of a kernel that can be read, with writable files."""

    _operator: Operator

    def read(self, path: str) -> bytes:
        """The contents of the file ``path`` below /proc or /sys; raises Refused as the calls would."""
        return self._operator.run(lambda state: vfs.read(root(state), path))

    def write(self, path: str, data: bytes) -> None:
        """Write ``data`` to the file ``path``; raises Refused as the calls would."""
        self._operator.run(lambda state: vfs.write(root(state), path, data))

    def listdir(self, path: str) -> list[str]:
        """The names in the folder ``path``, sorted; raises Refused."""
        return self._operator.run(lambda state: vfs.names(root(state), path))

    def look(self, view: Callable[[KernelState], T]) -> T:
        """The result of ``view`` for a consistent state of the kernel."""
        return self._operator.run(view)

    def log(self, after: int = 0) -> list[PrintkRecord]:
        """The lines of the kernel's log after line number ``after``."""
        query = "SELECT id, stamp, level, text FROM line WHERE id > ? ORDER BY id"
        return self._operator.run(
            lambda state: [PrintkRecord(*row) for row in state.store.execute(query, after)]
        )

    def uevents(self, after: int = 0) -> list[PrintkRecord]:
        """The uevents after event number ``after``, as lines of level 6."""
        query = "SELECT id, stamp, action, name, more FROM uevent WHERE id > ? ORDER BY id"
        return self._operator.run(lambda state: [_event(row) for row in state.store.execute(query, after)])

    def booted(self) -> float:
        """The time of boot in seconds since the epoch."""
        return self._operator.run(lambda state: float(state.setting(boot.BOOTED)))

    def exported(self) -> list[Exported]:
        """A consistent snapshot of /proc and /sys, folders before their contents."""

        def every(state: KernelState) -> list[Exported]:
            return [Exported(path, node, _content(node)) for path, node in vfs.walk(root(state))]

        return self._operator.run(every)


def root(state: KernelState) -> Folder:
    """The folder with /proc and /sys."""
    from pymodutils.kernel.emulated.proc import procfs  # noqa: PLC0415 -- insmod looks at neither
    from pymodutils.kernel.emulated.sysfs import module_folder  # noqa: PLC0415 -- the same

    return vfs.folder({"proc": procfs.tree(state), "sys": module_folder.tree(state)})


def _content(node: Node) -> bytes:
    """The contents of a file; empty if it cannot be read."""
    try:
        return node.read() if isinstance(node, vfs.File) and node.read else b""
    except Refused:
        return b""


def _event(row: tuple[int, float, str, str, str]) -> PrintkRecord:
    number, stamp, action, name, more = row
    words = [f"ACTION={action}", f"DEVPATH=/module/{name}", "SUBSYSTEM=module", *filter(None, [more])]
    return PrintkRecord(number, stamp, INFO, f"{action}@/module/{name} {' '.join(words)} SEQNUM={number}")
