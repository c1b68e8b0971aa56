"""Run cases on a machine, real or emulated, and record the outcome of each step."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tests.lanes.verdicts.cases import Case
from tests.lanes.verdicts.damage import damaged

TRUNC = os.O_TRUNC
LACKS = "the module lacks "
SLEEPS = 0.3  # seconds after which a thread that has not ended is taken to wait


def _pipe() -> int:
    end, other = os.pipe()
    os.close(other)
    return end


def _socket() -> int:
    end, other = socket.socketpair()
    other.close()
    return end.detach()


def _emptied(path: str) -> int:
    os.truncate(path, 0)
    return os.open(path, os.O_RDONLY)


DESCRIPTORS: Mapping[str, Callable[[str], int]] = {  # of a module's file at a path, or of what is none
    "read": lambda path: os.open(path, os.O_RDONLY),
    "write": lambda path: os.open(path, os.O_WRONLY),
    "both": lambda path: os.open(path, os.O_RDWR),
    "path": lambda path: os.open(path, os.O_PATH),
    "folder": lambda path: os.open(os.path.dirname(path), os.O_RDONLY),
    "emptied": _emptied,
    "null": lambda _: os.open("/dev/null", os.O_RDONLY),
    "pipe": lambda _: _pipe(),
    "socket": lambda _: _socket(),
    "closed": lambda _: 1 << 16,
}


class Answer(NamedTuple):
    """The errno of a call, and the result of a read."""

    errno: int
    text: str = ""


class Machine(Protocol):
    """A kernel that runs cases; refused calls raise OSError."""

    def insert(self, name: str, image: bytes, params: bytes, flags: int | None) -> None:
        """Load ``image``, by finit_module if there are ``flags``; ``name`` is the file's."""

    def finit(self, fd: int) -> None:
        """Load the module from the descriptor ``fd``."""

    def delete(self, name: bytes, flags: int) -> None: ...
    def use(self, name: str, by: int) -> None:
        """Change the reference count of ``name`` by 1 or -1."""

    def read(self, path: str) -> bytes: ...
    def write(self, path: str, data: bytes) -> None: ...
    def tree(self, path: str) -> dict[str, str]:
        """Each file below ``path``: its mode and content (or errno); of links, their targets."""

    def log(self) -> list[tuple[int, str]]:
        """Level and text of each log line since the last call."""


class Player:
    """Runs cases on ``machine`` with the files found by ``load``."""

    def __init__(self, machine: Machine, load: Callable[[str], bytes]) -> None:
        self.machine, self.load = machine, load
        self.threads: list[tuple[threading.Thread, list[Answer]]] = []
        self.verbs: Mapping[str, Callable[[str], Answer]] = {
            "insert": lambda rest: self._insert(rest, None),
            "finsert": self._finsert,
            "descriptor": self._descriptor,
            "delete": self._delete,
            "start": self._start,
            "join": self._join,
            "get": lambda rest: self._call(self.machine.use, rest, 1),
            "put": lambda rest: self._call(self.machine.use, rest, -1),
            "read": self._read,
            "symbols": self._symbols,
            "write": self._write,
        }

    def play(self, case: Case) -> list[dict[str, Any]]:
        """The state after each step of ``case``; then all removable modules are removed."""
        self.machine.log()
        found = [self._step(step) for step in case.steps]
        self._clean()
        return found

    def _step(self, step: str) -> dict[str, Any]:
        answer = self._do(step)
        modules = self.machine.read("/proc/modules").decode("latin-1")
        return {
            "step": step,
            "errno": errno.errorcode.get(answer.errno, str(answer.errno)) if answer.errno else "",
            "text": answer.text,
            "log": self.machine.log(),
            "modules": modules,
            "tainted": self.machine.read("/proc/sys/kernel/tainted").decode(),
            "sys": {
                name: self.machine.tree(f"/sys/module/{name.replace('/', '!')}") for name in names_in(modules)
            },
        }

    def _do(self, step: str) -> Answer:
        verb, _, rest = step.partition(" ")
        return self.verbs[verb](rest)

    def _call(self, function: Callable[..., None], *arguments: object) -> Answer:
        try:
            function(*arguments)
        except OSError as error:
            return Answer(error.errno or 0)
        return Answer(0)

    def _finsert(self, rest: str) -> Answer:
        flags, _, rest = rest.partition(" ")
        return self._insert(rest, int(flags, 0))

    def _insert(self, rest: str, flags: int | None) -> Answer:
        words, _, params = rest.partition(" -- ")
        name, *damages = words.split(" ")
        try:
            image = damaged(self.load(name), [word.replace("\\_", " ") for word in damages])
        except LookupError as error:  # modules of this kernel have no such part
            return Answer(0, f"{LACKS}{error}")
        return self._call(self.machine.insert, name, image, _text(params), flags)

    def _descriptor(self, rest: str) -> Answer:
        how, name = rest.split(" ")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file.ko")
            path.write_bytes(self.load(name))
            fd = DESCRIPTORS[how](str(path))
            try:
                return self._call(self.machine.finit, fd)
            finally:
                with contextlib.suppress(OSError):
                    os.close(fd)

    def _delete(self, rest: str) -> Answer:
        name, _, flags = rest.partition(" ")
        return self._call(self.machine.delete, _text(name), int(flags or str(os.O_NONBLOCK), 0))

    def _start(self, rest: str) -> Answer:
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(self._do(rest)))
        self.threads.append((thread, answers))
        thread.start()
        thread.join(SLEEPS)
        return Answer(0)

    def _join(self, _: str) -> Answer:
        thread, answers = self.threads.pop(0)
        thread.join()
        time.sleep(SLEEPS)  # others may have waited for it
        return answers[0]

    def _read(self, path: str) -> Answer:
        try:
            return Answer(0, self.machine.read(path).decode("latin-1"))
        except OSError as error:
            return Answer(error.errno or 0)

    def _symbols(self, name: str) -> Answer:
        lines = self.machine.read("/proc/kallsyms").decode("latin-1").splitlines(keepends=True)
        return Answer(0, "".join(line for line in lines if line.endswith(f"\t[{name}]\n")))

    def _write(self, rest: str) -> Answer:
        path, _, text = rest.partition(" ")
        return self._call(self.machine.write, path, _text(text))

    def _clean(self) -> None:
        while self.threads:
            self._join("")
        for flags in (0, 0, 0, TRUNC, TRUNC):
            for name in names_in(self.machine.read("/proc/modules").decode("latin-1")):
                self._call(self.machine.delete, name.encode("latin-1"), os.O_NONBLOCK | flags)


def names_in(modules: str) -> list[str]:
    """The names of the modules in the text of /proc/modules."""
    return [line.rsplit(" ", 5 + line.endswith(")"))[0] for line in modules.splitlines()]


def _text(text: str) -> bytes:
    return text.encode().decode("unicode_escape").encode("latin-1")
