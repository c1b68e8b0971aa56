"""Kernel objects that a module has not released when it is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from pymodutils.elf.ctype import Struct
from pymodutils.kernel.booted.misuse import Note
from pymodutils.kernel.booted.observer import Observer
from pymodutils.kernel.booted.replace import KMALLOC
from pymodutils.machine.paging import PAGE, Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ERRORS: Final = (1 << 64) - 4095  # IS_ERR()


class Resource(NamedTuple):
    """One kind: the functions that allocate it, and those that release it by their first argument."""

    what: str
    gives: tuple[str, ...]
    takes: tuple[str, ...]
    argument: int = 0  # with which it is released


def _counted(*names: str) -> tuple[str, ...]:
    """``names`` as they are, and as functions that count allocations are called since 6.10."""
    return tuple(f"{name}{end}" for name in names for end in ("", "_noprof"))


RESOURCES: Final = (
    Resource(
        "a kmem_cache",
        ("kmem_cache_create", "kmem_cache_create_usercopy", "__kmem_cache_create_args"),
        ("kmem_cache_destroy",),
    ),
    Resource(
        "an object of a kmem_cache",
        _counted("kmem_cache_alloc", "kmem_cache_alloc_lru", "kmem_cache_alloc_node"),
        ("kmem_cache_free",),
        argument=1,
    ),
    Resource("an object of a kmem_cache", (), ("kfree",)),
    Resource(
        "memory of vmalloc()",
        _counted(
            *(
                "vmalloc",
                "vzalloc",
                "vmalloc_node",
                "vzalloc_node",
                "__vmalloc",
                "vmalloc_user",
                "vmalloc_32",
            ),
            *(
                "vmalloc_32_user",
                "vmalloc_huge",
                "__vmalloc_node",
                "vmap",
                "kvmalloc_node",
                "__kvmalloc_node",
            ),
        ),
        ("vfree", "vfree_atomic", "vunmap", "kvfree"),
    ),
    Resource(
        "per-CPU memory", _counted("__alloc_percpu", "__alloc_percpu_gfp", "pcpu_alloc"), ("free_percpu",)
    ),
    Resource("a workqueue", _counted("alloc_workqueue"), ("destroy_workqueue",)),
    Resource(
        "pages",
        _counted("alloc_pages", "__alloc_pages", "__folio_alloc", "folio_alloc", "alloc_pages_node"),
        ("free_unref_page", "__free_pages_ok", "__free_pages", "__folio_put", "free_frozen_pages"),
    ),
)
ADDRESSES: Final = Resource(
    "pages",
    _counted("__get_free_pages", "get_free_pages", "get_zeroed_page", "alloc_pages_exact"),
    ("free_pages", "free_pages_exact"),
)
REALLOCATES: Final = _counted("krealloc", "krealloc_node_align")
OF_KMALLOC: Final = (
    Resource("memory of kmalloc()", (*KMALLOC, *REALLOCATES), (*REALLOCATES, "kfree", "kfree_sensitive")),
    Resource(
        "memory of kmalloc()",
        _counted("kmemdup", "kstrdup", "kstrndup", "kmemdup_nul", "kasprintf", "kvasprintf", "memdup_user"),
        (),
    ),
)
BY_RCU: Final = "kvfree_call_rcu"  # head, and what is freed or, before 6.4, where the head is in it


class LeftBehind(Observer):
    """What modules have allocated, except by kmalloc(), by kind and address, and the calls that did."""

    kept = ("given",)
    resources: ClassVar[tuple[Resource, ...]] = RESOURCES

    def attach(self) -> None:
        """Watch the processor that the machine has now."""
        self.given: dict[tuple[str, int], int] = getattr(self, "given", {})
        page = self.kernel.btf.named("struct page") if self.kernel.btf else None
        self._size = page.size if isinstance(page, Struct) else 64
        known = self.kernel.guest.data  # of vmalloc(): the kernel tells its struct page
        self._pages = self.kernel.guest.call("vmalloc_to_page", known)
        self._pages -= self.machine.space.physical(known) // PAGE * self._size
        for it in self.resources:
            self._attach(it, lambda address: address)
        self._attach(ADDRESSES, self._page)
        self.watch((BY_RCU,), lambda _function: self._takes_later())

    def _attach(self, it: Resource, key: Callable[[int], int]) -> None:
        self.watch(it.gives, lambda function: self._gives(it.what, function, key))
        self.watch(it.takes, lambda _function: self._takes(it, key))

    def _page(self, address: int) -> int:
        """The struct page of an address in the direct map."""
        try:
            return self._pages + self.machine.space.physical(address) // PAGE * self._size
        except Unmapped:
            return 0

    def _gives(self, what: str, function: int, key: Callable[[int], int]) -> None:
        if not self.ours(function):
            return
        by = self.caller()

        def given(value: int) -> None:
            if 0 < value < ERRORS:
                self.given[what, key(value)] = by

        self.returns.wait(given)

    def _takes(self, it: Resource, key: Callable[[int], int]) -> None:
        if not self.given:
            return
        words = self.machine.arguments(2)
        self.given.pop((it.what, key(words[it.argument])), None)

    def _takes_later(self) -> None:
        if not self.given:
            return
        head, what = self.machine.arguments(2)
        address = what if what >= PAGE else head - what
        for kind in {it.what for it in self.resources}:
            self.given.pop((kind, address), None)

    def left(self) -> Iterator[tuple[Note, int]]:
        """What modules have not released, and its address."""
        for (what, address), by in self.given.items():
            yield Note(what, f"{what} left behind", (0, by, 0)), address


class AllLeftBehind(LeftBehind):
    """The same with memory of kmalloc(), which stays where the kernel puts it."""

    resources = (*RESOURCES, *OF_KMALLOC)
