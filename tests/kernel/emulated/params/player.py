"""The emulated side of the parameter tests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pymodutils.errors import Refused
from pymodutils.kernel.description import Description
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.emulated.params import Param, ParamContext, ParamMemory, parse, show, store, table
from tests.link.modules import linked

PRINTED = 989  # bytes to which the kernel cuts a record of its log
NOT_OURS = re.compile("verification failed|out-of-tree|taints kernel\\.$|lock debugging")

Outcome = dict[str, Any]
Records = list[list[Any]]


def latin(text: str) -> str:
    """``text`` as bytes, transferred as Latin-1."""
    return text.encode("utf-8", "surrogateescape")[:PRINTED].decode("latin-1")


class Alone:
    """The module ``data`` named ``name`` after linking, without a kernel."""

    def __init__(self, data: bytes, name: str, *, dynamic_debug: bool = True) -> None:
        made = linked(data)
        self.memory = ParamMemory.of(made.image, name)
        self.params = table(made.image, made.values, self.memory)
        self.fresh = [bytes(area) for _, area in self.memory.areas]
        self.log: Records = []
        self.tainted = 0
        self.context = ParamContext(name, self._log, self._taint, dynamic_debug)

    def load(self, line: bytes) -> Outcome:
        """The result of loading it with ``line``."""
        for (_, area), fresh in zip(self.memory.areas, self.fresh, strict=True):
            area[:] = fresh
        self.memory.strings.clear()
        self.memory.texts.clear()
        errno = parse(line, self.params, self.memory, self.context)
        return self._seen(errno, [] if errno else self.params)

    def write(self, file: str, text: bytes) -> Outcome:
        """The result of writing ``text`` to ``file``."""
        found = [param for param in self.params if param.name.decode() == file]
        errno = store(found[0], text, self.memory, self.context) if found else 2
        return self._seen(errno, self.params)

    def _seen(self, errno: int, params: Iterable[Param]) -> Outcome:
        files = {param.name.decode(): [param.perm, self._show(param)] for param in params if param.perm}
        log, self.log[:] = [*self.log], []
        return {"errno": errno, "log": log, "tainted": self.tainted, "files": dict(sorted(files.items()))}

    def _show(self, param: Param) -> str | int:
        try:
            return show(param, self.memory).decode("latin-1")
        except Refused as error:
            return error.errno

    def _log(self, level: int, text: str) -> None:
        self.log.append([level, latin(text)])

    def _taint(self, letter: str) -> None:
        assert letter == "U"
        self.tainted = 1


class Emulated:
    """The same in an emulated kernel, queried like the real one."""

    def __init__(self, data: bytes, name: str, kernel: Description) -> None:
        self.data, self.name, self.kernel = data, name, EmulatedKernel.boot(kernel)
        self.known = self.kernel.log()[-1].number

    def load(self, line: bytes) -> Outcome:
        """The result of loading it with ``line``."""
        if self.kernel.state(self.name):
            self.kernel.delete_module(self.name.encode())
        return self._seen(lambda: self.kernel.init_module(self.data, line))

    def write(self, file: str, text: bytes) -> Outcome:
        """The result of writing ``text`` to ``file``."""
        return self._seen(lambda: self.kernel.write(f"{self._folder}/{file}", text))

    @property
    def _folder(self) -> str:
        return f"/sys/module/{self.name}/parameters"

    def _seen(self, step: Any) -> Outcome:
        errno = 0
        try:
            step()
        except Refused as error:
            errno = error.errno
        names = self.kernel.listdir(self._folder) if self.kernel.state(self.name) else []
        lines = self.kernel.log(self.known)
        self.known = lines[-1].number if lines else self.known
        log = [[line.level, latin(line.text)] for line in lines if not NOT_OURS.search(line.text)]
        tainted = int(self.kernel.read("/proc/sys/kernel/tainted")) >> 6 & 1
        return {"errno": errno, "log": log, "tainted": tainted, "files": {it: self._show(it) for it in names}}

    def _show(self, file: str) -> str | int:
        try:
            return self.kernel.read(f"{self._folder}/{file}").decode("latin-1")
        except Refused as error:
            return error.errno
