"""Made modules and kernels on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pymodutils import Report, Verdict, check
from pymodutils.kernel import saved
from pymodutils.kernel.description import Description
from tests.kernel.emulated.modules import description, module


class Desk:
    """A folder with made-up kernels and modules."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def kernel(self, name: str = "kernel", **changes: Any) -> str:
        """The file of a kernel like the default one, with other fields."""
        return self.save(name, description()._replace(**changes))

    def save(self, name: str, kernel: Description) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(saved.dumps(kernel))
        return str(path)

    def module(self, name: str = "made", **how: Any) -> str:
        """The file of a module created by modules.module."""
        return self.file(f"{name}.ko", module(name, **how))

    def file(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def verdict(self, *modules: str, kernel: str = "", **more: Any) -> Verdict:
        """The verdict on the first of ``modules`` on the default kernel."""
        return self.report(*modules, kernel=kernel, **more).verdicts[0]

    def report(self, *modules: str, kernel: str = "", **more: Any) -> Report:
        return check(modules, [kernel or self.kernel()], cached=False, **more)


def errors(verdict: Verdict) -> dict[str, str]:
    """The error messages by rule."""
    return {it.rule: it.message for it in verdict.findings if it.severity == "error"}


def advice(verdict: Verdict, rule: str) -> str:
    return next(it.advice for it in verdict.findings if it.rule == rule)


def warnings(verdict: Verdict) -> dict[str, str]:
    """The messages of warnings and notes by rule."""
    return {it.rule: it.message for it in verdict.findings if it.severity != "error"}
