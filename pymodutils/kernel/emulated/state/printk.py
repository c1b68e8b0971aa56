"""Write the kernel's log; kernel/printk/printk.c."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymodutils.kernel.emulated.rules import Rules
    from pymodutils.kernel.emulated.state.database import StateFile

LONGEST: Final = {False: 989, True: 1021}  # bytes of a record's text, before 6.4 and from it on


class LogBuffer:
    """The log in ``store``, of a kernel with these ``rules``; ``now`` returns the time of a record."""

    def __init__(self, store: StateFile, rules: Rules, now: Callable[[], float]) -> None:
        self.store, self.rules, self.now = store, rules, now

    def log(self, level: int, text: str) -> None:
        """Write ``text`` to the kernel's log as one record, truncated to its buffer."""
        longest = LONGEST[self.rules.since(6, 4)]
        record = text.encode("utf-8", "surrogateescape")[:longest].decode("utf-8", "surrogateescape")
        values = (self.now(), level, record)
        self.store.insert("INSERT INTO line (stamp, level, text) VALUES (?, ?, ?)", *values)

    def once(self, key: str) -> bool:
        """Whether this is the first call for ``key`` since boot."""
        if self.store.execute("SELECT 1 FROM once WHERE text = ?", key):
            return False
        self.store.insert("INSERT INTO once VALUES (?)", key)
        return True
