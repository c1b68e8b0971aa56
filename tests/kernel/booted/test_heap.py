"""Blocks are aligned as kmalloc() does; Documentation/core-api/memory-allocation.rst."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pymodutils.kernel.booted.heap import GAP, Heap

BASE = 0xFFFF_8880_0010_0000
CALLER = 0xFFFF_FFFF_C000_0010


@pytest.mark.parametrize(
    ("size", "alignment"),  # ARCH_KMALLOC_MINALIGN, and its own size for a power of two
    [(1, 8), (8, 8), (24, 8), (32, 32), (64, 64), (96, 8), (1024, 1024), (4096, 4096), (8192, 4096)],
)
def test_alignment(size: int, alignment: int) -> None:
    heap = Heap(BASE, 1 << 20)
    heap.allocate(40, CALLER)
    assert heap.allocate(size, CALLER) % alignment == 0


def test_blocks_have_gaps_and_an_end() -> None:
    heap = Heap(BASE, 1024)
    places = []
    while place := heap.allocate(100, CALLER):
        places.append(place)
    assert len(places) > 3
    assert places[0] - BASE >= GAP
    assert all(after - before >= 100 + GAP for before, after in pairwise(places))
    assert places[-1] + 100 + GAP <= BASE + 1024 < places[-1] + 100 + GAP + 16 + 100 + GAP
    assert [at in heap for at in (BASE - 1, BASE, BASE + 1023, BASE + 1024)] == [False, True, True, False]


def test_a_heap_may_be_used_to_its_last_byte() -> None:
    assert Heap(BASE, 256 + 2 * GAP).allocate(256, CALLER) == 0  # aligned to 256
    assert Heap(BASE, 256 + 256 + GAP).allocate(256, CALLER) == BASE + 256
    assert Heap(BASE, 256 + 256 + GAP - 1).allocate(256, CALLER) == 0


def test_an_address_is_of_its_block_or_the_nearest() -> None:
    heap = Heap(BASE, 1 << 16)
    assert heap.block(BASE) is None
    first, second = heap.allocate(40, CALLER), heap.allocate(40, CALLER)
    gap = second - first - 40
    expected = {
        first - 1: first,
        first: first,
        first + 39: first,
        first + 40 + gap // 2: first,
        first + 40 + gap // 2 + 1: second,
        second - 1: second,
        second: second,
        second + 400: second,
    }
    found = {at: block.address for at in expected if (block := heap.block(at))}
    assert found == expected


def test_a_saved_heap_goes_on_where_it_was() -> None:
    heap = Heap(BASE, 1 << 16)
    first, second = heap.allocate(8, CALLER, written=True), heap.allocate(20, CALLER)
    heap.blocks[0].freed = CALLER + 5
    saved = heap.save()
    third = heap.allocate(20, CALLER)
    other = Heap(BASE, 1 << 16)
    other.restore(saved)
    assert [(it.address, it.freed) for it in other.blocks] == [(first, CALLER + 5), (second, 0)]
    assert [bytes(it.written) for it in other.blocks] == [b"\1" * 8, bytes(20)]
    assert [it.address for it in other.live()] == [second]
    assert other.block(second + 3) is other.blocks[1]
    assert other.allocate(20, CALLER) == third
    other.restore([])
    assert other.allocate(8, CALLER) == first
