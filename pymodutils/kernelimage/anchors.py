"""Symbols that nearly every kernel exports: the places of their names, and the load address."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

ANCHORS: Final = (
    b"module_layout",
    b"register_chrdev_region",
    b"kmem_cache_alloc",
    b"filp_close",
    b"register_filesystem",
    b"mutex_lock",
    b"vfree",
    b"jiffies",
    b"wake_up_process",
    b"schedule_timeout",
    b"init_task",
    b"iomem_resource",
    b"class_destroy",
    b"device_register",
    b"add_timer",
    b"synchronize_rcu",
    b"kthread_stop",
    b"unregister_netdev",
    b"seq_printf",
    b"kfree",
)
PAGE: Final = 4096  # alignment of every kernel's start in bytes
NIBBLES: Final = bytes(byte & 0xF for byte in range(256))
FEW: Final = 3  # places of a useful anchor
AGREE: Final = 5  # anchors that must agree on the start of the kernel


def places(data: bytes) -> list[list[int]]:
    """The places of each anchor's name in ``data``, without anchors that occur nowhere or too often."""
    found = (list(_endings(data, anchor)) for anchor in ANCHORS)
    return [anchored for anchored in found if 0 < len(anchored) <= FEW]


def _endings(data: bytes, name: bytes) -> Iterator[int]:
    """The places where ``name`` ends a string, possibly as the tail of a longer one."""
    at = data.find(name + b"\0")
    for _ in range(FEW + 1):
        if at < 0:
            return
        yield at
        at = data.find(name + b"\0", at + 1)


def base(data: bytes, anchors: list[list[int]], bits: int, order: str) -> int | None:
    """The address of the image's first byte: the one at which most anchors are referenced."""
    words = _Words(data, bits // 8, order)
    votes: Counter[int] = Counter()
    for anchored in anchors:
        votes.update(
            {(words.word(at) - place) % (1 << bits) for place in anchored for at in words.like(place)}
        )
    best = votes.most_common(2)
    if not best or best[0][1] < AGREE or (len(best) > 1 and best[0][1] == best[1][1]):
        return None
    return best[0][0]


class _Words:
    """The aligned words of an image, looked up by their bits below PAGE."""

    def __init__(self, data: bytes, size: int, order: str) -> None:
        self.data, self.size = data, size
        self.order: Literal["big", "little"] = "big" if order == "big" else "little"
        low, second = (size - 1, size - 2) if order == "big" else (0, 1)
        count = len(data) // size
        self.pairs = bytearray(2 * count)  # the lowest byte of each word, and four bits of the next
        self.pairs[::2] = data[low : count * size : size]
        self.pairs[1::2] = data[second : count * size : size].translate(NIBBLES)

    def word(self, at: int) -> int:
        """The word number ``at``."""
        return int.from_bytes(self.data[at * self.size : (at + 1) * self.size], self.order)

    def like(self, place: int) -> Iterator[int]:
        """The numbers of the words that equal ``place`` in the bits below PAGE."""
        wanted = bytes((place & 0xFF, place >> 8 & 0xF))
        at = self.pairs.find(wanted)
        while at >= 0:
            if at % 2 == 0:
                yield at // 2
            at = self.pairs.find(wanted, at + 1)
