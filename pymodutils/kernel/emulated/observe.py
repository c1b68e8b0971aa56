"""What user space sees of an emulated kernel: its files, its log, its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pymodutils.errors import Refused
from pymodutils.kernel.base import PrintkRecord
from pymodutils.kernel.emulated import boot, vfs
from pymodutils.kernel.emulated.state.kernel_state import INFO

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.state.kernel_state import KernelState
    from pymodutils.kernel.emulated.state.transaction import Operator
    from pymodutils.kernel.emulated.vfs import Folder, Node

T = TypeVar("T")


class Exported(NamedTuple):
    """A file, link or folder of /proc or /sys, with what a file held."""

    path: str
    node: Node
    content: bytes


class Observed:
    """A kernel as far as it can be looked at, and its files be written to."""

    _operator: Operator

    def read(self, path: str) -> bytes:
        """What the file ``path`` below /proc or /sys holds; raises Refused as the calls would."""
        return self._operator.run(lambda state: vfs.read(root(state), path))

    def write(self, path: str, data: bytes) -> None:
        """Write ``data`` to the file ``path``; raises Refused as the calls would."""
        self._operator.run(lambda state: vfs.write(root(state), path, data))

    def listdir(self, path: str) -> list[str]:
        """The names in the folder ``path``, sorted; raises Refused."""
        return self._operator.run(lambda state: vfs.names(root(state), path))

    def look(self, view: Callable[[KernelState], T]) -> T:
        """What ``view`` makes of everything that is in the kernel at one moment."""
        return self._operator.run(view)

    def log(self, after: int = 0) -> list[PrintkRecord]:
        """The lines of the kernel's log behind line number ``after``."""
        query = "SELECT id, stamp, level, text FROM line WHERE id > ? ORDER BY id"
        return self._operator.run(
            lambda state: [PrintkRecord(*row) for row in state.store.execute(query, after)]
        )

    def uevents(self, after: int = 0) -> list[PrintkRecord]:
        """What user space was told behind event number ``after``, as lines of level 6."""
        query = "SELECT id, stamp, action, name, more FROM uevent WHERE id > ? ORDER BY id"
        return self._operator.run(lambda state: [_event(row) for row in state.store.execute(query, after)])

    def booted(self) -> float:
        """When it was booted, seconds since the epoch."""
        return self._operator.run(lambda state: float(state.setting(boot.BOOTED)))

    def exported(self) -> list[Exported]:
        """All of /proc and /sys at one moment, folders before what is in them."""

        def every(state: KernelState) -> list[Exported]:
            return [Exported(path, node, _content(node)) for path, node in vfs.walk(root(state))]

        return self._operator.run(every)


def root(state: KernelState) -> Folder:
    """The folder with /proc and /sys."""
    from pymodutils.kernel.emulated.proc import procfs  # noqa: PLC0415 -- insmod looks at neither
    from pymodutils.kernel.emulated.sysfs import module_folder  # noqa: PLC0415 -- the same

    return vfs.folder({"proc": procfs.tree(state), "sys": module_folder.tree(state)})


def _content(node: Node) -> bytes:
    """What a file holds; nothing of one that cannot be read."""
    try:
        return node.read() if isinstance(node, vfs.File) and node.read else b""
    except Refused:
        return b""


def _event(row: tuple[int, float, str, str, str]) -> PrintkRecord:
    number, stamp, action, name, more = row
    words = [f"ACTION={action}", f"DEVPATH=/module/{name}", "SUBSYSTEM=module", *filter(None, [more])]
    return PrintkRecord(number, stamp, INFO, f"{action}@/module/{name} {' '.join(words)} SEQNUM={number}")
