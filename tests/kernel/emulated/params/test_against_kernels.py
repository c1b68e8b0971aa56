"""Real kernels take the same lines of parameters: errno, log and every file of sysfs are the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.params import Context, Memory, Param, parse, show, store, table
from tests.kernel.emulated.params import lines
from tests.lanes import qemu
from tests.link.modules import linked
from tests.oracles import kbuild

SOURCE = Path(__file__).with_name("every.c")
PRINTED = 989  # bytes to which the kernel cuts a line of its log


class Ours:
    """The module ``data`` called ``name``, as our kernel has it after linking."""

    def __init__(self, data: bytes, name: str = "every") -> None:
        self.made = linked(data)
        self.memory = Memory.of(self.made.image, name)
        self.params = table(self.made.image, self.made.values, self.memory)
        self.fresh = [bytes(area) for _, area in self.memory.areas]
        self.name, self.log, self.tainted = name, list[tuple[int, str]](), 0
        self.context = Context(name, lambda *line: self.log.append(line), self._taint)

    def load(self, line: bytes) -> dict[str, Any]:
        """What happens when it is loaded with ``line``."""
        for (_, area), fresh in zip(self.memory.areas, self.fresh, strict=True):
            area[:] = fresh
        self.memory.strings.clear()
        self.memory.texts.clear()
        errno = parse(line, self.params, self.memory, self.context)
        return self._seen(errno, [] if errno else self.params)

    def write(self, file: str, text: bytes) -> dict[str, Any]:
        """What happens when ``text`` is written to ``file``."""
        found = [param for param in self.params if param.name.decode() == file]
        errno = store(found[0], text, self.memory, self.context) if found else 2
        return self._seen(errno, self.params)

    def _seen(self, errno: int, params: Iterable[Param]) -> dict[str, Any]:
        files = {param.name.decode(): [param.perm, self._show(param)] for param in params if param.perm}
        records = [
            [level, text.encode("utf-8", "surrogateescape").decode("latin-1")] for level, text in self.log
        ]
        self.log.clear()
        return {"errno": errno, "log": records, "tainted": self.tainted, "files": dict(sorted(files.items()))}

    def _show(self, param: Param) -> str | int:
        try:
            return show(param, self.memory).decode("latin-1")
        except Refused as error:
            return error.errno

    def _taint(self, letter: str) -> None:
        assert letter == "U"
        self.tainted = 1


def cut(outcome: dict[str, Any]) -> dict[str, Any]:
    return {**outcome, "log": [[level, text[:PRINTED]] for level, text in outcome["log"]]}


@pytest.mark.slow
@pytest.mark.lane
def test_every_type_in_debians_kernel() -> None:
    path = kbuild.module(SOURCE)
    asked = [*lines.WHOLE, *lines.made(400)]
    written = list(lines.writes())
    call = "tests.lanes.guest.parameters:both"
    loaded, stored = qemu.run(call, str(path), asked, written, files=[path])
    ours = Ours(compress.read(str(path)))
    for line, theirs in zip(asked, loaded, strict=True):
        assert cut(ours.load(line.encode("latin-1"))) == theirs, line
    ours.load(b"")
    for (file, text), theirs in zip(written, stored, strict=True):
        assert cut(ours.write(file, text.encode("latin-1"))) == theirs, (file, text)
