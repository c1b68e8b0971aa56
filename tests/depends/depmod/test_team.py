"""Tasks shared among processes, each of which takes the next one."""

from __future__ import annotations

import os
import time

import pytest

from pymodutils.depends.depmod import team
from pymodutils.depends.depmod.team import PIPE, WORD, Team, reap
from pymodutils.errors import ModutilsError


@pytest.fixture(autouse=True)
def _three_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "cores", lambda: 3)


def done(tasks: int) -> list[tuple[int, int]]:
    """Each task and its process."""

    def work(task: int) -> tuple[int, int]:
        time.sleep(0.002)
        return task, os.getpid()

    with Team(work, tasks) as others:
        results = []
        for task in others.taken():
            results += [work(task), *others.ready()]
        results += others.rest()
    reap()
    return results


@pytest.mark.parametrize("tasks", [0, 1, 100])
def test_each_task_is_done_once(tasks: int) -> None:
    assert sorted(task for task, _ in done(tasks)) == list(range(tasks))


def test_all_processes_work_and_are_waited_for() -> None:
    pids = {pid for _, pid in done(100)}
    assert len(pids) == 3
    for pid in pids - {os.getpid()}:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def test_results_larger_than_a_pipe() -> None:
    with Team(lambda task: bytes(task << 20), 5) as others:
        assert sorted(map(len, others.rest())) == [task << 20 for task in range(5)]


def test_an_error_in_another_process_is_raised_here() -> None:
    def fail(task: int) -> int:
        raise ModutilsError("m", f"task {task} failed", 28)

    with Team(fail, 1) as others, pytest.raises(ModutilsError, match="task 0 failed") as raised:
        list(others.rest())
    assert (raised.value.subject, raised.value.errno) == ("m", 28)


def test_the_task_of_a_process_that_dies_is_left_undone() -> None:
    def die(task: int) -> int:
        return os._exit(1) if task == 3 else task

    with Team(die, 20) as others:
        assert sorted(others.rest()) == [task for task in range(20) if task != 3]


def test_no_more_tasks_are_queued_than_a_pipe_holds() -> None:
    with Team(int, PIPE, others=0) as others:
        assert list(others.taken()) == list(range(PIPE // WORD))
