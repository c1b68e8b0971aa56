"""Locks, sleeping and things left allocated, on a made-up kernel; Documentation/locking/locktypes.rst."""

from __future__ import annotations

import pytest

from pymodutils.kernel.booted.left_behind import LeftBehind
from pymodutils.kernel.booted.locks import LockChecks
from pymodutils.machine.x86_64 import CALLS
from tests.kernel.booted.fake import CODE, DIRECT, HEAP, STACK, TEXT, Checked

LOCK, OTHER = STACK + 0x9000, STACK + 0x9100
GFP_KERNEL, GFP_ATOMIC = 0xCC0, 0xA20
PREEMPT_COUNT = 0x20  # __preempt_count is a per-CPU variable
NEED_RESCHED = 1 << 31  # the bit is inverted: set when nothing needs to be scheduled
FUNCTIONS = [
    "_raw_spin_lock",
    "_raw_spin_lock_irqsave",
    "_raw_spin_unlock",
    "_raw_spin_unlock_irqrestore",
    "_raw_spin_trylock",
    "_raw_read_lock",
    "_raw_read_unlock",
    "mutex_lock",
    "mutex_lock_interruptible",
    "mutex_trylock",
    "mutex_unlock",
    "down_write",
    "up_write",
    "__rcu_read_lock",
    "__rcu_read_unlock",
    "msleep",
    "__kmalloc",
    "__get_free_pages",
    "vmalloc_noprof",
]


@pytest.fixture
def kernel() -> Checked:
    made = Checked(LockChecks, dict.fromkeys(FUNCTIONS, ""), {"__preempt_count": PREEMPT_COUNT})
    made.space.bytes.update(enumerate(NEED_RESCHED.to_bytes(4, "little"), PREEMPT_COUNT))
    return made


def ended(kernel: Checked) -> list[str]:
    """The findings after the module's call has returned."""
    kernel.cpu.reach(CODE + CALLS.after_call)
    return kernel.found


@pytest.mark.parametrize(
    ("take", "give", "result", "what"),
    [
        ("_raw_spin_lock", "_raw_spin_unlock", 0, "a spinlock"),
        ("_raw_spin_lock_irqsave", "_raw_spin_unlock_irqrestore", 0x202, "a spinlock"),
        ("_raw_spin_trylock", "_raw_spin_unlock", 1, "a spinlock"),
        ("_raw_read_lock", "_raw_read_unlock", 0, "an rwlock for reading"),
        ("mutex_lock", "mutex_unlock", 0, "a mutex"),
        ("mutex_lock_interruptible", "mutex_unlock", 0, "a mutex"),
        ("mutex_trylock", "mutex_unlock", 1, "a mutex"),
        ("down_write", "up_write", 0, "an rw_semaphore for writing"),
        ("__rcu_read_lock", "__rcu_read_unlock", 0, "rcu_read_lock()"),
    ],
)
def test_a_lock_is_given_back_or_noted(kernel: Checked, take: str, give: str, result: int, what: str) -> None:
    kernel.call(take, LOCK, result=result)
    kernel.call(give, LOCK)
    assert ended(kernel) == []
    kernel.call(take, LOCK, result=result)
    assert ended(kernel) == [f"{what} left held; taken at 0x104"]


@pytest.mark.parametrize(
    ("take", "result"),
    [
        ("_raw_spin_trylock", 0),
        ("mutex_trylock", 0),
        ("mutex_trylock", 1 << 32),  # an int: the upper half of RAX is undefined
        ("mutex_lock_interruptible", -4),
    ],
)
def test_a_lock_that_is_not_taken(kernel: Checked, take: str, result: int) -> None:
    kernel.call(take, LOCK, result=result)
    assert ended(kernel) == []


def test_locks_are_told_apart(kernel: Checked) -> None:
    kernel.call("mutex_lock", LOCK, back=TEXT + 0x5000)  # the kernel's own
    assert ended(kernel) == []
    kernel.call("mutex_lock", LOCK)
    kernel.call("mutex_unlock", OTHER)
    kernel.cpu.sp += 16 << 10  # another task, THREAD_SIZE away
    kernel.call("mutex_unlock", LOCK)
    assert ended(kernel) == []
    kernel.cpu.sp -= 16 << 10
    assert ended(kernel) == ["a mutex left held; taken at 0x104"]


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("msleep", (1,), "msleep"),
        ("mutex_lock", (OTHER,), "mutex_lock"),
        ("vmalloc_noprof", (4096,), "vmalloc"),
        ("__kmalloc", (8, GFP_KERNEL), "__kmalloc"),
        ("__get_free_pages", (GFP_KERNEL, 0), "__get_free_pages"),
        ("__kmalloc", (GFP_KERNEL, GFP_ATOMIC), ""),
        ("__get_free_pages", (GFP_ATOMIC, GFP_KERNEL), ""),
    ],
)
def test_sleeping_with_a_spinlock(
    kernel: Checked, function: str, arguments: tuple[int, ...], expected: str
) -> None:
    kernel.call("_raw_spin_lock", LOCK)
    kernel.call(function, *arguments, back=TEXT + 0x5000)
    assert kernel.found == []
    kernel.call(function, *arguments)
    text = f"a call of {expected}(), which may sleep, with a spinlock held at 0x104; taken at 0x104"
    assert kernel.found == ([text] if expected else [])


def test_sleeping_with_a_mutex_is_allowed(kernel: Checked) -> None:
    kernel.call("mutex_lock", LOCK)
    kernel.call("msleep", 1)
    assert kernel.found == []


def test_sleeping_with_interrupts_off(kernel: Checked) -> None:
    kernel.cpu.interruptible = False
    kernel.call("msleep", 1)
    assert kernel.found == ["a call of msleep(), which may sleep, with interrupts off at 0x104"]


def test_sleeping_with_preemption_off(kernel: Checked) -> None:
    kernel.space.bytes[PREEMPT_COUNT] = 1
    kernel.call("msleep", 1)
    assert kernel.found == ["a call of msleep(), which may sleep, with preemption off at 0x104"]


def test_what_is_known_can_be_saved(kernel: Checked) -> None:
    kernel.call("mutex_lock", LOCK)
    saved = kernel.checks.save()
    kernel.call("mutex_unlock", LOCK)
    kernel.checks.restore(saved)
    assert ended(kernel) == ["a mutex left held; taken at 0x104"]


ALLOCATED = STACK + 0x10000


@pytest.mark.parametrize(
    ("allocate", "free", "arguments", "what"),
    [
        ("kmem_cache_create", "kmem_cache_destroy", (ALLOCATED,), "a kmem_cache"),
        ("kmem_cache_alloc", "kmem_cache_free", (LOCK, ALLOCATED), "an object of a kmem_cache"),
        ("kmem_cache_alloc_noprof", "kfree", (ALLOCATED,), "an object of a kmem_cache"),
        ("vzalloc", "vfree", (ALLOCATED,), "memory of vmalloc()"),
        ("__alloc_percpu_gfp", "free_percpu", (ALLOCATED,), "per-CPU memory"),
        ("alloc_workqueue", "destroy_workqueue", (ALLOCATED,), "a workqueue"),
        ("__alloc_pages", "__free_pages", (ALLOCATED, 0), "pages"),
        ("get_zeroed_page", "free_pages", (ALLOCATED, 0), "pages"),
    ],
)
def test_left_behind(allocate: str, free: str, arguments: tuple[int, ...], what: str) -> None:
    kernel = Checked(LeftBehind, dict.fromkeys((allocate, free), ""))
    kernel.call(allocate, result=ALLOCATED, back=TEXT + 0x5000)
    kernel.call(allocate, result=0)
    kernel.call(allocate, result=(1 << 64) - 12)  # ERR_PTR(-ENOMEM)
    kernel.call(allocate, result=ALLOCATED)
    kernel.call(free, *arguments)
    kernel.checks.gone()
    assert kernel.found == []
    kernel.call(allocate, result=ALLOCATED)
    kernel.checks.gone()
    assert kernel.found == [f"{what} left behind; allocated at 0x104"]


def test_an_address_is_freed_by_its_struct_page() -> None:
    """virt_to_page(): 64 bytes for each page of the direct map."""
    kernel = Checked(LeftBehind, {"get_zeroed_page": "", "__free_pages": ""})
    kernel.call("get_zeroed_page", result=DIRECT + 3 * 4096)
    kernel.call("__free_pages", HEAP + 2 * 64, 0)
    kernel.checks.gone()
    assert kernel.found == []
