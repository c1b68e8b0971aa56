"""A kernel that records calls, and plans for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pymodutils.depends.plan import Insert, Load, Remove, Step
from pymodutils.depends.resolve import Module
from pymodutils.errors import Refused
from pymodutils.kernel.base import Init, Kernel, Loaded, State
from pymodutils.log import Log
from pymodutils.run.runner import Runner
from pymodutils.run.steps import Mode


class Recorder(Kernel):
    """Stands for a kernel: ``refusals`` has errnos by name, one for each call in turn."""

    def __init__(
        self, live: dict[str, int] | None = None, refusals: dict[str, list[int]] | None = None
    ) -> None:
        self.live = dict(live or {})  # name -> use count
        self.refusals = refusals or {}
        self.held: dict[str, tuple[str, ...]] = {}
        self.calls: list[tuple[str, ...]] = []

    def insert(self, path: str, params: str, flags: Init = Init.NONE) -> str:
        self._called("insert", path, params, str(int(flags)))
        self.live[Path(path).stem] = 0
        return ""

    def delete(self, name: str, *, force: bool = False) -> None:
        self._called("delete", name, *(["force"] if force else []))
        self.live.pop(name, None)

    def _called(self, *call: str) -> None:
        self.calls.append(call)
        name = Path(call[1]).stem
        if self.refusals.get(name):
            code = self.refusals[name].pop(0)
            if code:
                raise Refused(name, os.strerror(code), code)

    def loaded(self) -> list[Loaded]:
        return [Loaded(name, 0, users, (), State.LIVE) for name, users in self.live.items()]

    def state(self, name: str) -> State | None:
        return State.LIVE if name in self.live else None

    def users(self, name: str) -> int | None:
        return self.live.get(name)

    def holders(self, name: str) -> tuple[str, ...]:
        return self.held.get(name, ())


def runner(
    kernel: Kernel,
    shown: list[str] | None = None,
    plans: Callable[[Module], Remove] | None = None,
    /,
    **mode: int,
) -> Runner:
    builtin = {"inside"}.__contains__
    chosen = Mode(**mode)  # type: ignore[arg-type]
    said: list[str] = [] if shown is None else shown
    plan = plans or (lambda module: gone(module.name))
    return Runner(kernel, builtin, plan, chosen, log=Log("modprobe"), show=said.append)


def insert(name: str, *, required: bool = True, requested: bool = False, options: str = "") -> Insert:
    return Insert(name, f"/m/{name}.ko", options, 0, required, requested, ())


def gone(
    name: str,
    *,
    command: str | None = None,
    after: tuple[str, ...] = (),
    unused: tuple[str, ...] = (),
    before: tuple[str, ...] = (),
) -> Remove:
    return Remove(name, command, tuple(map(Module, after)), unused, tuple(map(Module, before)), ())


def load(*steps: Step) -> Load:
    return Load(steps[-1].module, steps)
