"""Mutants that a kernel accepts, real or emulated: what it shows of each."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, Protocol

from tests.lanes.verdicts.real import Real


class Machine(Protocol):
    """A kernel that runs cases."""

    def insert(self, name: str, image: bytes, params: bytes, flags: int | None) -> None:
        """Load ``image``."""

    def delete(self, name: bytes, flags: int) -> None:
        """Remove the module called ``name``."""

    def read(self, path: str) -> bytes:
        """The contents of the file ``path``."""

    def tree(self, path: str) -> dict[str, str]:
        """Everything below ``path``."""

    def log(self) -> list[tuple[int, str]]:
        """The log lines since the last call."""


def main(needed: list[str], folder: str) -> dict[str, Any]:
    """The observations for the files in ``folder`` on the kernel that runs this process."""
    kernel = Real()
    for path in needed:
        kernel.insert(Path(path).stem, Path(path).read_bytes(), b"", None)
    return play(kernel, {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())})


def play(kernel: Machine, images: dict[str, bytes]) -> dict[str, Any]:
    """Load, inspect and remove each of ``images``."""
    kernel.log()
    return {name: _one(kernel, name, image) for name, image in images.items()}


def _one(kernel: Machine, number: str, image: bytes) -> dict[str, Any]:
    print(number, flush=True)  # noqa: T201 -- for the console, if this is the last one
    outcome: dict[str, Any] = {"errno": 0, "text": "", "modules": "", "sys": {}}
    before = kernel.read("/proc/modules").count(b"\n")
    try:
        kernel.insert(number, image, b"", None)
    except OSError as error:
        outcome["errno"] = error.errno or errno.EIO
    lines = kernel.read("/proc/modules").decode("latin-1").splitlines()
    if len(lines) > before:
        name = lines[0].partition(" ")[0]
        outcome["modules"] = f"{lines[0]}\n"
        outcome["sys"] = {name: kernel.tree(f"/sys/module/{name.replace('/', '!')}")}
        kernel.delete(name.encode("latin-1"), 0)
    return {**outcome, "log": kernel.log()}
