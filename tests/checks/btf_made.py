"""Hand-made BTF."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

from pymodutils.kernel.emulated.load.btf import BtfKind


class Made:
    """Types by ID, in the order of the calls."""

    count: int

    def __init__(self, base: Made | None = None) -> None:
        """``base``: that of the kernel, for a module's BTF."""
        self._strings = b"\0"
        self._types = b""
        self.count = base.count if base else 0
        self._before = base.length if base else 0

    @property
    def length(self) -> int:
        """Bytes of the strings."""
        return len(self._strings)

    def _name(self, name: str) -> int:
        if not name:
            return 0
        at = self._before + len(self._strings)
        self._strings += name.encode() + b"\0"
        return at

    def add(self, kind: BtfKind, name: str, size: int, *words: int, vlen: int = 0, flag: bool = False) -> int:
        info = flag << 31 | kind << 24 | vlen
        self._types += pack(f"<{3 + len(words)}I", self._name(name), info, size, *words)
        self.count += 1
        return self.count

    def number(self, name: str = "int", size: int = 4) -> int:
        return self.add(BtfKind.INT, name, size, size * 8)

    def pointer(self, to: int) -> int:
        return self.add(BtfKind.PTR, "", to)

    def composite(
        self, name: str, size: int, members: Sequence[tuple[str, int, int]], kind: BtfKind = BtfKind.STRUCT
    ) -> int:
        """A structure of (name, type, bytes from its start)."""
        words = [word for label, of, at in members for word in (self._name(label), of, at * 8)]
        return self.add(kind, name, size, *words, vlen=len(members))

    def bits(self, name: str, size: int, members: Sequence[tuple[str, int, int, int]]) -> int:
        """A structure of bit-fields (name, type, bit, bits)."""
        words = [word for label, of, at, wide in members for word in (self._name(label), of, wide << 24 | at)]
        return self.add(BtfKind.STRUCT, name, size, *words, vlen=len(members), flag=True)

    def enum(self, name: str, **values: int) -> int:
        words = [word for label, value in values.items() for word in (self._name(label), value)]
        return self.add(BtfKind.ENUM, name, 4, *words, vlen=len(values))

    def function(self, name: str, returns: int, *parameters: int) -> int:
        words = [word for number in parameters for word in (0, number)]
        proto = self.add(BtfKind.FUNC_PROTO, "", returns, *words, vlen=len(parameters))
        return self.add(BtfKind.FUNC, name, proto)

    def blob(self) -> bytes:
        head = pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(self._types), len(self._types), len(self._strings))
        return head + self._types + self._strings
