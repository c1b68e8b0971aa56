"""The emulated kernel as a machine for the player."""

from __future__ import annotations

import errno
import re
import threading
from typing import Any

from pymodutils.errors import Refused
from pymodutils.kernel.base import Init
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated import vfs
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.observe import root
from tests.lanes.verdicts.cases import Case
from tests.lanes.verdicts.player import Player
from tests.lanes.verdicts.real import Files

COMMAND = "init"  # how the guest's process is called, for Python is its init
NUMBERS = re.compile(rb"(?<!\S)(\w+)=(-?\d+)")
OBEDIENT = ("dependent", "returns")  # modules whose code does what their parameters say


def play(
    description: Description, state: str, cmdline: str, cases: list[Case], files: Files
) -> dict[str, list[dict[str, Any]]]:
    """The results of ``cases`` on one emulated kernel in the file ``state``, by case."""
    EmulatedKernel.boot(description, state, cmdline=cmdline)
    player = Player(Emulated(state), files)
    return {case.name: player.play(case) for case in cases}


class Emulated:
    """The kernel in the file ``state``, for which each thread is a process."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.mine = threading.local()
        self.seen = len(self.kernel.log())

    @property
    def kernel(self) -> EmulatedKernel:
        """The kernel of this thread."""
        if not hasattr(self.mine, "kernel"):
            self.mine.kernel = EmulatedKernel.open(self.state, command=COMMAND)
        kernel: EmulatedKernel = self.mine.kernel
        return kernel

    def insert(self, name: str, image: bytes, params: bytes, flags: int | None) -> None:
        if name in OBEDIENT:
            words = {word.decode(): int(value) for word, value in NUMBERS.findall(params)}
            self.kernel.behave(
                name,
                init=words.get("code", 0),
                init_seconds=words.get("ms", 0) / 1000,
                exit_seconds=words.get("exit_ms", 0) / 1000,
            )
        try:
            if flags is None:
                self.kernel.init_module(image, params)
            else:
                self.kernel.load_file(image, params, Init(flags & 0xFFFF_FFFF))
        except Refused as refused:
            raise _error(refused) from None

    def finit(self, fd: int) -> None:
        try:
            self.kernel.finit_module(fd)
        except Refused as refused:
            raise _error(refused) from None

    def delete(self, name: bytes, flags: int) -> None:
        try:
            self.kernel.delete_module(name, flags)
        except Refused as refused:
            raise _error(refused) from None

    def use(self, name: str, by: int) -> None:
        (self.kernel.get if by > 0 else self.kernel.put)(name)

    def read(self, path: str) -> bytes:
        try:
            return self.kernel.read(path)
        except Refused as refused:
            raise _error(refused) from None

    def write(self, path: str, data: bytes) -> None:
        try:
            self.kernel.write(path, data)
        except Refused as refused:
            raise _error(refused) from None

    def tree(self, path: str) -> dict[str, str]:
        try:
            return self.kernel.look(lambda state: _below(vfs.find(root(state), path)))
        except Refused:
            return {}

    def log(self) -> list[tuple[int, str]]:
        lines = self.kernel.log(self.seen)
        self.seen += len(lines)
        return [(line.level, part) for line in lines for part in _latin(line.text).split("\n")]


def _below(folder: vfs.Node) -> dict[str, str]:
    return {path: _entry(node) for path, node in vfs.walk(folder) if path}


def _entry(node: vfs.Node) -> str:
    if isinstance(node, vfs.Link):
        return f"-> {node.target}"
    if isinstance(node, vfs.Folder):
        return "755/"
    try:
        content = node.read().decode("latin-1") if node.read else f"errno {errno.EACCES}"
    except Refused as refused:
        content = f"errno {refused.errno}"
    return f"{node.mode:o} {content}"


def _latin(text: str) -> str:
    """``text`` with one character for each byte, as the guest reads the log."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _error(refused: Refused) -> OSError:
    return OSError(refused.errno, str(refused))
