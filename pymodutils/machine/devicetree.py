"""Flattened device trees; Devicetree Specification, 5."""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from mmap import mmap

BEGIN_NODE, END_NODE, PROP, END = 1, 2, 3, 9  # tokens
MAGIC, VERSION, COMPATIBLE, HEADER, RESERVED = 0xD00DFEED, 17, 16, 40, 16
ROOM: Final = 0x20_0000  # bytes before the end of RAM
Tree = dict[str, Any]  # name -> the bytes of a property, or a node


def cells(*values: int) -> bytes:
    """``values`` as a property of 32-bit numbers."""
    return pack(f">{len(values)}I", *values)


def place(ram: mmap) -> int:
    """Where the device tree is in ``ram``."""
    return len(ram) - ROOM


def write(ram: mmap, tree: Tree) -> None:
    """Put ``tree`` into ``ram``."""
    flat = flatten(tree)
    ram[place(ram) : place(ram) + len(flat)] = flat


def flatten(tree: Mapping[str, Any]) -> bytes:
    """``tree`` in the flattened format."""
    names: dict[str, int] = {}
    structure = _node("", tree, names) + cells(END)
    strings = b"".join(name.encode() + b"\0" for name in names)
    at = HEADER + RESERVED
    header = cells(
        *(MAGIC, at + len(structure) + len(strings), at, at + len(structure), HEADER),
        *(VERSION, COMPATIBLE, 0, len(strings), len(structure)),
    )
    return header + bytes(RESERVED) + structure + strings


def _node(name: str, tree: Mapping[str, Any], names: dict[str, int]) -> bytes:
    """A node; ``names`` are those of properties, with their offsets in the strings."""
    found = [cells(BEGIN_NODE), _padded(name.encode() + b"\0")]
    for key, value in tree.items():
        if isinstance(value, bytes):
            offset = names.setdefault(key, sum(len(it) + 1 for it in names))
            found += [cells(PROP, len(value), offset), _padded(value)]
    found += [_node(key, value, names) for key, value in tree.items() if not isinstance(value, bytes)]
    return b"".join([*found, cells(END_NODE)])


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
