"""A 2.4 kernel that records its system calls."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pymodutils.linux24.kernel.kernel import Linux24
from pymodutils.linux24.kernel.query_module import DEPS, INFO, MODULES, REFS, SYMBOLS

if TYPE_CHECKING:
    from pymodutils.linux24.kernel.query_module import Answer

QUESTIONS: Final = {
    MODULES: "QM_MODULES",
    DEPS: "QM_DEPS",
    REFS: "QM_REFS",
    SYMBOLS: "QM_SYMBOLS",
    INFO: "QM_INFO",
}


class Traced(Linux24):
    """The kernel, with ``calls`` in the format of strace."""

    calls: list[str]

    def _note(self, line: str) -> None:
        self.__dict__.setdefault("calls", []).append(line)

    def query_module(self, name: str | None, which: int, bufsize: int) -> Answer:
        """As Linux24.query_module."""
        answer = super().query_module(name, which, bufsize)
        failed = f"-1 {os.strerror(answer.errno)}" if answer.errno else "0"
        argument = f'"{name}"' if name else "NULL"
        self._note(f"query_module({argument}, {QUESTIONS[which]}, buf, {bufsize}, [{answer.ret}]) = {failed}")
        return answer

    def create_module(self, name: str, size: int) -> int:
        """As Linux24.create_module."""
        address = super().create_module(name, size)
        self._note(f'create_module("{name}", {size}) = {address:#x}')
        return address

    def init_module(self, name: str, image: bytes) -> None:
        """As Linux24.init_module."""
        super().init_module(name, image)
        self._note(f'init_module("{name}", {len(image)} bytes that are linked) = 0')
