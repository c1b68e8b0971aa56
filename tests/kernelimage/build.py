"""Small made kernels with export tables of every shape, and their containers."""

from __future__ import annotations

import gzip
from struct import pack
from typing import NamedTuple

RELEASE = "6.1.0-test"
BANNER = f"Linux version {RELEASE} (me@here) (gcc) #1 SMP Debian 6.1\n".encode()
VERMAGIC = f"{RELEASE} SMP mod_unload modversions ".encode()
USUAL = (
    "module_layout register_chrdev_region kmem_cache_alloc filp_close register_filesystem mutex_lock vfree "
    "jiffies wake_up_process schedule_timeout init_task iomem_resource class_destroy device_register "
    "add_timer synchronize_rcu kthread_stop unregister_netdev seq_printf kfree aaa zzz"
)


class Row(NamedTuple):
    """An expected export."""

    address: int
    crc: int
    gpl: bool
    namespace: str


class Shape(NamedTuple):
    bits: int = 64
    order: str = "little"
    relative: bool = False
    fields: int = 3
    crc: int = 4  # bytes of a CRC; 0 without MODVERSIONS
    flags: str = ""  # "before" or "behind" the CRCs: one table for all, and a byte for each


def rows(count: int = 200) -> dict[str, Row]:
    """The usual exports of a kernel and ``count`` made-up ones."""
    names = sorted({*USUAL.split(), *(f"sym_{at:04}" for at in range(count))})
    found = {}
    for at, name in enumerate(names):
        space = "MYSPACE" if at % 17 == 5 else ""
        found[name] = Row(0x1000 + 16 * at, (0x9E3779B1 * (at + 1)) & 0xFFFFFFFF, at % 3 == 1, space)
    return found


def raw(shape: Shape, exports: dict[str, Row], base: int) -> bytes:
    """The memory of a kernel at ``base``; the addresses of ``exports`` are offsets in it."""
    prefix = "<" if shape.order == "little" else ">"
    tables = [sorted(n for n, row in exports.items() if row.gpl is gpl) for gpl in (False, True)]
    names = sorted(exports) if shape.flags else [name for table in tables for name in table]
    field = 4 if shape.relative else shape.bits // 8
    start = 0x8000
    pad = bytes(-len(names) % 4) if shape.flags == "before" else b""  # CRCs are aligned
    strings_at = start + len(names) * (shape.fields * field + shape.crc + bool(shape.flags)) + len(pad)
    strings, places = bytearray(b"\0MYSPACE\0"), {"": strings_at, "MYSPACE": strings_at + 1}
    for name in names:
        places[name] = strings_at + len(strings)
        strings += name.encode() + b"\0"
    out = bytearray(BANNER + b"\0\0" + VERMAGIC + b"\0")
    out += bytes(7 + i % 5 for i in range(start - len(out)))
    for name in names:
        row = exports[name]
        space = places[row.namespace] if row.namespace or not shape.relative else None
        for target in (row.address, places[name], space)[: shape.fields]:
            if shape.relative:
                out += pack(prefix + "i", 0 if target is None else target - len(out))
            else:
                out += pack(prefix + ("Q" if shape.bits == 64 else "I"), base + (target or 0))
    code = {0: "", 4: "I", 8: "Q"}[shape.crc]
    marks = bytes(exports[name].gpl for name in names) if shape.flags else b""
    crcs = b"".join(pack(prefix + code, exports[name].crc) for name in names if code)
    out += marks + pad + crcs if shape.flags == "before" else crcs + marks
    return bytes(out + strings + bytes(range(256)) * 64)


def zimage(payload: bytes) -> bytes:
    """An ARM zImage around a compressed ``payload``."""
    return bytes(0x24) + b"\x18\x28\x6f\x01" + bytes(0x500) + payload + bytes(100)


def s390(payload: bytes) -> bytes:
    return bytes(0x10008) + b"S390EP" + bytes(0x1000) + payload + bytes(100)


def zboot(payload: bytes, name: bytes = b"gzip") -> bytes:
    head = b"MZ\0\0zimg" + pack("<II", 0x1000, len(payload)) + bytes(8) + name
    return head.ljust(0x1000, b"\0") + payload + bytes(512)


def arm64(memory: bytes, flags: int = 0b1010) -> bytes:
    """``memory`` with the header of an arm64 Image in its first 64 bytes."""
    return b"MZ@\xfa" + bytes(20) + pack("<Q", flags) + bytes(24) + b"ARM\x64" + bytes(4) + memory[64:]


def packed(memory: bytes) -> bytes:
    return gzip.compress(memory, 1, mtime=0)
