"""A second load of a module whose init() is running."""

from __future__ import annotations

from collections.abc import Callable
from errno import EBUSY, EEXIST, EIO
from pathlib import Path

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.base import State
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import (
    Clock,
    kernel,
    module,
)


class SecondLoad(Clock):
    """A clock on which another process loads the same module once someone waits for init()."""

    def __init__(self, again: Callable[[], None]) -> None:
        super().__init__()
        self.again: Callable[[], None] | None = again
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        again, self.again = self.again, None
        if again:
            again()
        super().sleep(seconds)


@pytest.mark.parametrize(("result", "heard"), [(0, EEXIST), (-EIO, EBUSY)])
def test_wait(result: int, heard: int, tmp_path: Path) -> None:
    """A second load waits for the first one's init(), and gets its result."""
    path = str(tmp_path / "kernel.state")
    first = kernel(path=path)
    first.behave("made", init=result, init_seconds=2)
    seen: list[object] = []

    def again() -> None:
        second = EmulatedKernel.open(path, clock=clock)
        seen.append(second.state("made"))
        second.behave("made", init=0)
        try:
            second.init_module(module())
            seen.append(0)
        except Refused as refused:
            seen.append(refused.errno)
        seen.append(clock.time())

    clock = SecondLoad(again)
    loading = EmulatedKernel.open(path, clock=clock)
    if result:
        with pytest.raises(Refused) as refused:
            loading.init_module(module())
        assert refused.value.errno == EIO
    else:
        loading.init_module(module())
    assert seen == [State.COMING, heard, 1_000_002.0]
    assert clock.waits[:2] == [2.0, 2.0]  # each of the two
