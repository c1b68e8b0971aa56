"""Checks before a removal, and waiting."""

# ruff: noqa: ARG002 -- a fake has the interface of the real one

from __future__ import annotations

import errno

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel import remove
from pymodutils.kernel.base import Init, Kernel, Loaded, State
from pymodutils.kernel.remove import InUse


class OneModule(Kernel):
    """A kernel with the module fat, whose reference count is the next of ``counts`` at each read."""

    def __init__(
        self, *counts: int | None, holders: tuple[str, ...] = (), answers: tuple[int, ...] = ()
    ) -> None:
        self.counts = list(counts)
        self.held_by = holders
        self.answers = list(answers)
        self.deleted: list[str] = []

    def insert(self, path: str, params: str, flags: Init = Init.NONE) -> str:
        raise AssertionError(path)

    def delete(self, name: str, *, force: bool = False) -> None:
        code = self.answers.pop(0) if self.answers else 0
        if code:
            raise Refused(name, f"could not remove '{name}': {errno.errorcode[code]}", code)
        self.deleted.append(name)

    def loaded(self) -> list[Loaded]:
        return []

    def state(self, name: str) -> State | None:
        return State.LIVE if name == "fat" else None

    def users(self, name: str) -> int | None:
        return self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]

    def holders(self, name: str) -> tuple[str, ...]:
        return self.held_by


class Clock:
    """A clock that advances only when someone sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def builtin(name: str) -> bool:
    return name == "ext4"


@pytest.mark.parametrize(
    ("kernel", "name", "text"),
    [
        (OneModule(0), "ext4", "Module ext4 is builtin."),
        (OneModule(0), "nosuch", "Module nosuch is not currently loaded"),
        (OneModule(2, holders=("vfat", "msdos")), "fat", "Module fat is in use by: vfat msdos"),
        (OneModule(1), "fat", "Module fat is in use"),
        (OneModule(None), "fat", "Module unloading is not supported"),
    ],
)
def test_what_cannot_go_is_told_in_kmods_words(kernel: OneModule, name: str, text: str) -> None:
    with pytest.raises(remove.Unfit) as caught:
        remove.check(kernel, name, builtin)
    assert str(caught.value) == text


def wait(kernel: OneModule, clock: Clock, deadline: float = float("inf")) -> list[int]:
    seen: list[int] = []
    remove.wait(
        lambda: remove.attempt(kernel, "fat", builtin), deadline, lambda busy: seen.append(busy.users), clock
    )
    return seen


def test_waits_until_the_count_is_zero_then_removes() -> None:
    kernel, clock = OneModule(3, 2, 1, 0), Clock()
    assert wait(kernel, clock) == [3, 2, 1]
    assert kernel.deleted == ["fat"]


def test_an_unused_module_goes_without_a_pause() -> None:
    kernel, clock = OneModule(0), Clock()
    wait(kernel, clock, deadline=clock.now)
    assert (kernel.deleted, clock.pauses) == (["fat"], [])


def test_pauses_grow_up_to_half_a_second() -> None:
    clock = Clock()
    wait(OneModule(*[1] * 9, 0), clock)
    assert clock.pauses == [0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.5, 0.5]


def test_gives_up_exactly_at_the_deadline_and_removes_nothing() -> None:
    kernel, clock = OneModule(1), Clock()
    with pytest.raises(InUse, match="Module fat is in use"):
        wait(kernel, clock, deadline=1005.0)
    assert clock.now == pytest.approx(1005.0)
    assert kernel.deleted == []


def test_someone_faster_than_us_is_waited_for_too() -> None:
    kernel, clock = OneModule(0), Clock()
    kernel.answers = [errno.EAGAIN, errno.EAGAIN]
    assert wait(kernel, clock) == [0, 0]
    assert kernel.deleted == ["fat"]


def test_any_other_refusal_ends_the_wait() -> None:
    kernel = OneModule(1, 0, answers=(errno.EBUSY,))
    with pytest.raises(Refused) as caught:
        wait(kernel, Clock())
    assert caught.value.errno == errno.EBUSY


def test_an_interrupt_leaves_everything_as_it_was() -> None:
    class Interrupted(Clock):
        def sleep(self, seconds: float, /) -> None:
            raise KeyboardInterrupt

    kernel = OneModule(1)
    with pytest.raises(KeyboardInterrupt):
        wait(kernel, Interrupted())
    assert kernel.deleted == []
