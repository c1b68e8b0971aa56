"""Misused memory of kmalloc(), by the rules of mm/slab_common.c and of KASAN, on a made-up kernel."""

from __future__ import annotations

import pytest

from pymodutils.kernel.booted.heap_checks import LARGEST, HeapChecks
from tests.kernel.booted.fake import CODE, HEAP, MODULE, STACK, TEXT, Checked

GFP_KERNEL, GFP_ZERO = 0xCC0, 0x100  # include/linux/gfp_types.h of 6.1
FUNCTIONS = {
    "__kmalloc": "size flags",
    "kmalloc_trace": "s gfpflags size",
    "__kmalloc_node_track_caller": "size flags node caller",
    "krealloc": "p new_size flags",
    "kfree": "object",
    "kvfree_call_rcu": "head func",
    "ksize": "objp",
    "__get_free_pages": "gfp_mask order",
}
KERNEL = TEXT + 0x9000  # a caller in the kernel


@pytest.fixture
def kernel() -> Checked:
    return Checked(HeapChecks, FUNCTIONS)


def block(kernel: Checked, size: int = 24, flags: int = GFP_KERNEL) -> int:
    """A block that the module has allocated."""
    place = kernel.enter("__kmalloc", size, flags)
    assert place
    assert place >= HEAP
    return place


def test_only_modules_get_blocks(kernel: Checked) -> None:
    assert kernel.enter("__kmalloc", 24, GFP_KERNEL, back=KERNEL) is None
    assert kernel.enter("kfree", block(kernel), back=KERNEL) == 0  # whoever frees it
    assert kernel.enter("kfree", HEAP - 0x100) is None
    assert kernel.enter("__kmalloc_node_track_caller", 24, GFP_KERNEL, -1, KERNEL) is not None
    assert kernel.found == []


def test_sizes_that_are_answered(kernel: Checked) -> None:
    sizes = 0, 1, LARGEST, LARGEST + 1
    assert [kernel.enter("__kmalloc", size, GFP_KERNEL) is None for size in sizes] == [
        True,
        False,
        False,
        True,
    ]
    place = kernel.enter("kmalloc_trace", 0, GFP_KERNEL, 40)
    assert place
    assert kernel.enter("ksize", place) == 40
    assert kernel.enter("ksize", HEAP - 64) is None


def test_accesses_within_a_block(kernel: Checked) -> None:
    place = block(kernel)
    kernel.access(place, 8, write=True)
    kernel.access(place + 16, 8, write=True)
    kernel.access(place, 1)
    kernel.access(place + 16, 8)
    kernel.access(place + 4, 8)  # partly written: padding
    assert kernel.found == []


@pytest.mark.parametrize(
    ("offset", "size", "expected"),
    [
        (24, 1, "a read of 1 byte at offset 24 of 24 bytes"),
        (20, 8, "a read of 8 bytes at offset 20 of 24 bytes"),
        (-1, 1, "a read of 1 byte 1 byte before 24 bytes"),
        (-8, 8, "a read of 8 bytes 8 bytes before 24 bytes"),
    ],
)
def test_accesses_out_of_bounds(kernel: Checked, offset: int, size: int, expected: str) -> None:
    place = block(kernel)
    kernel.access(place + offset, size)
    kernel.access(place + offset, size)  # noted once
    kernel.access(place + offset, size, write=True, rip=TEXT)
    read, write = kernel.found
    assert read == f"{expected} at 0x20; allocated at 0x104"
    assert write == f"{expected.replace('read', 'write')} at 0x104; allocated at 0x104"


def test_memory_that_was_freed(kernel: Checked) -> None:
    place = block(kernel, 1)
    kernel.enter("kfree", place)
    kernel.access(place, 1, write=True)
    kernel.enter("kfree", place)
    assert kernel.found == [
        "a write of 1 byte after free, at offset 0 of 1 byte at 0x20; allocated at 0x104, freed at 0x104",
        "a double free of 1 byte at 0x104; allocated at 0x104, freed at 0x104",
    ]


def test_a_free_within_a_block(kernel: Checked) -> None:
    place = block(kernel)
    assert kernel.enter("kfree", place + 8) == 0
    assert kernel.found == ["a free of an address within a block at 0x104; allocated at 0x104"]


def test_kfree_rcu(kernel: Checked) -> None:
    """Its rcu_head is within the block; otherwise the second argument is the block."""
    first, second = block(kernel), block(kernel)
    assert kernel.enter("kvfree_call_rcu", first + 8, 8) == 0
    assert kernel.enter("kvfree_call_rcu", 0, second) == 0
    kernel.checks.gone()
    assert kernel.found == []


def test_memory_never_written(kernel: Checked) -> None:
    place, zeroed = block(kernel), block(kernel, 24, GFP_KERNEL | GFP_ZERO)
    kernel.access(zeroed, 8)
    kernel.access(place, 8, rip=TEXT)  # a function that copies
    assert kernel.found == []
    kernel.access(place + 16, 8)
    assert kernel.found == [
        "a read of 8 bytes never written, at offset 16 of 24 bytes at 0x20; allocated at 0x104"
    ]


def test_python_writes_memory(kernel: Checked) -> None:
    place = block(kernel)
    kernel.space.write(place + 20, b"12345678")  # past the end, where nothing is
    kernel.access(place + 20, 4)
    assert kernel.found == []
    kernel.access(place + 12, 8)
    assert len(kernel.found) == 1


def test_krealloc(kernel: Checked) -> None:
    old = block(kernel, 8)
    kernel.space.write(old, b"12345678")
    larger = kernel.enter("krealloc", old, 12, GFP_KERNEL)
    assert larger
    assert kernel.space.read(larger, 12) == b"12345678\0\0\0\0"
    kernel.access(larger, 8)
    assert kernel.found == []
    kernel.access(larger + 8, 4)
    kernel.access(old, 1)
    assert [text.partition(" at ")[0] for text in kernel.found] == [
        "a read of 4 bytes never written,",
        "a read of 1 byte after free,",
    ]
    smaller = kernel.enter("krealloc", larger, 4, GFP_KERNEL)
    assert smaller
    assert kernel.space.read(smaller, 4) == b"1234"
    assert kernel.enter("krealloc", 0, 4, GFP_KERNEL) is None


def test_leaks(kernel: Checked) -> None:
    block(kernel, 1)
    freed = block(kernel)
    kernel.enter("kfree", freed)
    saved = kernel.checks.save()
    kernel.checks.gone()
    assert kernel.found == ["a leak of 1 byte; allocated at 0x104"]
    other = Checked(HeapChecks, FUNCTIONS)
    other.checks.restore(saved)
    other.checks.gone()
    assert other.found == kernel.found


def test_a_jump_of_the_called_function_is_named_by_its_start(kernel: Checked) -> None:
    place = kernel.enter("__kmalloc", 24, GFP_KERNEL, back=CODE + 0x32)
    assert place
    kernel.access(place + 24, 1)
    assert kernel.found == ["a read of 1 byte at offset 24 of 24 bytes at 0x20; allocated at 0x0"]


def test_the_module_is_named_for_what_the_kernel_does_for_it(kernel: Checked) -> None:
    """A free by a function that the module called: its return address is on the stack, after a call."""
    place = block(kernel)
    kernel.space.bytes.update(enumerate((MODULE + 0x2005).to_bytes(8, "little"), STACK + 248))
    kernel.enter("kfree", place + 8, back=KERNEL)
    assert kernel.found == ["a free of an address within a block at 0x2004; allocated at 0x104"]


def test_a_module_far_up_the_stack_is_not_named(kernel: Checked) -> None:
    place = block(kernel)
    kernel.space.bytes.update(enumerate((MODULE + 0x2005).to_bytes(8, "little"), STACK + 256))
    kernel.space.bytes.update(enumerate((MODULE + 0x3005).to_bytes(8, "little"), STACK + 8))
    kernel.space.bytes[MODULE + 0x3000] = 0x90  # data that looks like an address: no call is before it
    kernel.enter("kfree", place + 8, back=KERNEL)
    assert kernel.found == ["a free of an address within a block at kernel; allocated at 0x104"]
