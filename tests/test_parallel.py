"""Items processed by several processes, in order."""

from __future__ import annotations

import itertools
import os
import time

import pytest

from pymodutils import parallel
from pymodutils.errors import ModutilsError


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("items", [0, 1, 7])
def test_results_come_in_the_order_of_the_items(workers: int, items: int) -> None:
    def slowest_first(item: int) -> int:
        time.sleep((items - item) / 500)
        return item * item

    assert list(parallel.ordered(slowest_first, range(items), workers)) == [at * at for at in range(items)]


def test_the_work_is_done_elsewhere() -> None:
    pids = set(parallel.ordered(lambda _: os.getpid(), range(10), 2))
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_this_process_can_be_one_of_the_workers() -> None:
    results = list(parallel.ordered(lambda item: (item, os.getpid()), range(9), 3, here=1))
    assert [item for item, _ in results] == list(range(9))
    assert [pid == os.getpid() for _, pid in results] == [False, False, True] * 3


def test_results_larger_than_a_pipe() -> None:
    sizes = [len(text) for text in parallel.ordered(lambda item: "x" * (item << 20), range(6), 2)]
    assert sizes == [item << 20 for item in range(6)]


def test_bytes_that_are_no_text_survive() -> None:
    text = b"\xff\xfe".decode("utf-8", "surrogateescape")
    assert list(parallel.ordered(lambda _: text, [0], 1)) == [text]


def test_who_stops_reading_leaves_no_process() -> None:
    results = parallel.ordered(lambda item: (os.getpid(), "x" * item), [1 << 20] * 100, 2)
    pid, _ = next(results)
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_worker_that_dies_is_noticed() -> None:
    with pytest.raises(ModutilsError, match="died"):
        list(parallel.ordered(lambda _: os._exit(3), [0], 1))


def test_each_worker_gets_neighbours() -> None:
    items = list(range(200))
    dealt = parallel.dealt(items, 3)
    assert sorted(dealt) == items
    for first in range(3):
        own = dealt[first::3][: 2 * parallel.BLOCK]
        assert sum(after - before == 1 for before, after in itertools.pairwise(own)) >= len(own) - 3
    assert parallel.dealt([], 2) == []
