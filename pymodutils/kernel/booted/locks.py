"""Locks that modules hold when a call ends, and calls that may sleep where that is not allowed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.elf.ctype import Struct
from pymodutils.kernel.booted.misuse import Note
from pymodutils.kernel.booted.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

THREAD_SIZE: Final = 16 << 10  # of the stack of a task; arch/x86/include/asm/page_64_types.h
COUNT: Final = 0x7FFFFFFF  # of preempt_count; the highest bit is PREEMPT_NEED_RESCHED
RCU: Final = 0  # the address of the lock that rcu_read_lock() takes, which has none
FORMS: Final = ("", "_irq", "_irqsave", "_irqrestore", "_bh")
WAYS: Final = ("", "_interruptible", "_killable", "_io")


class Lock(NamedTuple):
    """One kind: functions that always take it, that do if they return 0, or 1; functions that release it."""

    what: str
    atomic: bool  # whether its holder must not sleep
    takes: tuple[str, ...]
    takes_if_zero: tuple[str, ...]
    takes_if_set: tuple[str, ...]
    gives: tuple[str, ...]


def _spinning(what: str, name: str) -> Lock:
    takes, gives = (tuple(f"_raw_{name}_{verb}{form}" for form in FORMS) for verb in ("lock", "unlock"))
    return Lock(what, True, takes, (), (f"_raw_{name}_trylock", f"_raw_{name}_trylock_bh"), gives)


def _sleeping(what: str, name: str, gives: str, trylock: str) -> Lock:
    return Lock(
        what, False, (name, f"{name}_io"), tuple(name + way for way in WAYS[1:3]), (trylock,), (gives,)
    )


LOCKS: Final = (
    _spinning("a spinlock", "spin"),
    _spinning("an rwlock for reading", "read"),
    _spinning("an rwlock for writing", "write"),
    _sleeping("a mutex", "mutex_lock", "mutex_unlock", "mutex_trylock"),
    _sleeping("an rw_semaphore for reading", "down_read", "up_read", "down_read_trylock"),
    _sleeping("an rw_semaphore for writing", "down_write", "up_write", "down_write_trylock"),
    Lock("rcu_read_lock()", True, ("__rcu_read_lock",), (), (), ("__rcu_read_unlock",)),
)
SLEEP: Final = (
    *(f"{name}{way}" for name in ("mutex_lock", "down_read", "down_write", "down") for way in WAYS),
    *("msleep", "msleep_interruptible", "usleep_range_state", "schedule", "schedule_timeout"),
    *("wait_for_completion", "wait_for_completion_timeout", "wait_for_completion_interruptible"),
    *("synchronize_rcu", "synchronize_rcu_expedited", "__flush_workqueue", "flush_work", "cancel_work_sync"),
    *("cancel_delayed_work_sync", "destroy_workqueue", "kthread_stop", "free_irq", "kmem_cache_destroy"),
    *("vmalloc", "vmalloc_noprof", "vzalloc", "vzalloc_noprof"),
)
ALLOCATE: Final = {  # with the argument that has its gfp_t
    "__kmalloc": 1, "__kmalloc_noprof": 1, "kmalloc_trace": 1, "__kmalloc_cache_noprof": 1,
    "kmem_cache_alloc": 1, "kmem_cache_alloc_noprof": 1, "__alloc_pages": 0, "__alloc_pages_noprof": 0,
    "alloc_pages": 0, "alloc_pages_noprof": 0, "__get_free_pages": 0, "get_free_pages_noprof": 0,
}  # fmt: skip
DIRECT_RECLAIM: Final = 0x400  # __GFP_DIRECT_RECLAIM: it may sleep


class LockChecks(Observer):
    """The locks that modules hold, by the stack of the task and the lock's address."""

    kept = ("held",)

    def attach(self) -> None:
        """Watch the processor that the machine has now."""
        self.held: dict[tuple[int, int], tuple[str, bool, int]] = getattr(self, "held", {})
        self._preempt_count = self._percpu()
        for name, at in ALLOCATE.items():
            self.watch([name], partial(self._allocates, at))
        self.watch(SLEEP, self._sleeps)
        for lock in LOCKS:
            self.watch(lock.takes, partial(self._takes, lock, lambda _value: True))
            self.watch(lock.takes_if_zero, partial(self._takes, lock, lambda value: not value & 0xFFFFFFFF))
            self.watch(lock.takes_if_set, partial(self._takes, lock, lambda value: bool(value & 0xFFFFFFFF)))
            self.watch(lock.gives, self._gives)
        guest = self.kernel.guest
        self.machine.cpu.watch(guest.code + guest.calls.after_call, self._ended)

    def _percpu(self) -> int:
        """The offset of preempt_count in the per-CPU area."""
        known, btf = self.kernel.guest.lookup("__preempt_count"), self.kernel.btf
        for name in ("pcpu_hot", "thread_info"):
            kind = btf.named(f"struct {name}") if btf and not known else None
            if isinstance(kind, Struct) and "preempt_count" in kind.fields:
                return self.kernel.guest.lookup(name) + kind.fields["preempt_count"].offset
        return known

    def _stack(self) -> int:
        return self.machine.cpu.sp & -THREAD_SIZE

    def _takes(self, lock: Lock, taken: Callable[[int], bool], function: int) -> None:
        if not self.ours(function):
            return
        key = self._stack(), RCU if lock.what == LOCKS[-1].what else self.machine.arguments(1)[0]
        by = self.caller()

        def returned(value: int) -> None:
            if taken(value):
                self.held[key] = lock.what, lock.atomic, by

        self.returns.wait(returned)

    def _gives(self, _function: int) -> None:
        if self.held:
            stack = self._stack()
            self.held.pop((stack, self.machine.arguments(1)[0]), None) or self.held.pop((stack, RCU), None)

    def _sleeps(self, function: int) -> None:
        if not self.ours(function):
            return
        why = self._atomic()
        if why:
            text, by = why
            what = f"a call of {self._name(function)}(), which may sleep, {text}"
            self.notes.add(Note("sleep", what, (self.caller(), by, 0), "taken"), self.caller())

    def _allocates(self, at: int, function: int) -> None:
        if self.machine.arguments(at + 1)[at] & DIRECT_RECLAIM:
            self._sleeps(function)

    def _name(self, function: int) -> str:
        names = self.kernel.guest.names
        found = next((name for name, place in names.items() if place == function), "a function")
        return found.removesuffix("_noprof")

    def _atomic(self) -> tuple[str, int] | None:
        """Why the task must not sleep now, and the caller responsible; None if it may."""
        stack = self._stack()
        for (task, _), (what, atomic, by) in self.held.items():
            if atomic and task == stack:
                return f"with {what} held", by
        machine = self.machine
        if not machine.cpu.interruptible:
            return "with interrupts off", 0
        place = machine.cpu.preempt_base + self._preempt_count
        count = machine.space.number(place & (1 << 64) - 1) & COUNT
        return ("with preemption off", 0) if self._preempt_count and count else None

    def _ended(self) -> None:
        """Note the locks still held after a call has returned."""
        stack = self._stack()
        for key, (what, _, by) in list(self.held.items()):
            if key[0] == stack:
                del self.held[key]
                self.notes.add(Note("lock", f"{what} left held", (0, by, 0), "taken"), by)
