"""Large index files, read on demand in pages.

With mmap, truncation of the file would kill the process.
"""

from __future__ import annotations

import os
from typing import Final, overload

PAGE: Final = 1 << 14  # bytes read and cached at once


class Pages:
    """The bytes of the open file ``fd``, which it closes; supports the operations that Index uses."""

    def __init__(self, fd: int) -> None:
        self._fd, self._size = fd, os.fstat(fd).st_size
        self._kept: dict[int, bytes] = {}

    def __del__(self) -> None:
        os.close(self._fd)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> bytes: ...
    def __getitem__(self, at: int | slice) -> int | bytes:
        if isinstance(at, int):
            return self._page(at // PAGE)[at % PAGE]
        start, stop, _ = at.indices(self._size)
        number, offset = divmod(start, PAGE)
        if offset + stop - start <= PAGE:
            return self._page(number)[offset : offset + stop - start]
        return os.pread(self._fd, stop - start, start)

    def index(self, byte: int, start: int) -> int:
        """The offset of the first ``byte`` from ``start`` on; raises ValueError if there is none."""
        for number in range(start // PAGE, -(-self._size // PAGE)):
            found = self._page(number).find(byte, max(0, start - number * PAGE))
            if found >= 0:
                return number * PAGE + found
        raise ValueError(byte)

    def _page(self, number: int) -> bytes:
        if number not in self._kept:
            self._kept[number] = os.pread(self._fd, PAGE, number * PAGE)
        return self._kept[number]
