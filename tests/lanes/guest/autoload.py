"""In a guest: modules that the kernel requests through /proc/sys/kernel/modprobe.

It starts that program with an environment of three variables and with standard input, output and error
closed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import stat
from collections.abc import Callable, Mapping

from tests.lanes.guest import machine

PROGRAM = "/proc/sys/kernel/modprobe"
AF_KEY, PF_KEY_V2 = 15, 2
TUN, NOBODYS = os.makedev(10, 200), os.makedev(10, 249)

libc = ctypes.CDLL(None, use_errno=True)


def mounted(kind: str) -> None:
    """Mount a file system without a device; raises OSError: ENODEV if the kernel does not know it."""
    if libc.mount(b"none", b"/run", kind.encode(), 0, b""):
        raise OSError(ctypes.get_errno(), kind)


def opened(device: int) -> None:
    """Open a character device; raises OSError."""
    path = f"/run/{device}"
    os.mknod(path, stat.S_IFCHR | 0o600, device)
    try:
        os.close(os.open(path, os.O_RDWR))
    finally:
        os.unlink(path)


def socketed(family: int, kind: int, protocol: int) -> None:
    """Create a socket; raises OSError."""
    socket.socket(family, kind, protocol).close()


def hashed(name: str) -> None:
    """Request a hash by AF_ALG; raises OSError."""
    with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as asked:
        asked.bind(("hash", name))


ASKED: Mapping[str, Callable[[], None]] = {
    "fs-vfat": lambda: mounted("vfat"),
    "fs-nosuch": lambda: mounted("nosuch"),
    "net-pf-15": lambda: socketed(AF_KEY, socket.SOCK_RAW, PF_KEY_V2),
    "net-pf-5": lambda: socketed(socket.AF_APPLETALK, socket.SOCK_DGRAM, 0),
    "char-major-10-200": lambda: opened(TUN),
    "char-major-10-249": lambda: opened(NOBODYS),
    "crypto-wp512": lambda: hashed("wp512"),
    "crypto-nosuch": lambda: hashed("nosuch"),
}


def main(tree: str, programs: dict[str, str]) -> dict[str, dict[str, tuple[str, list[str]]]]:
    """For each of ``programs``, by name: errno at the first try, and the modules loaded then.

    ``tree`` is the module directory.
    """
    os.makedirs("/usr/lib/modules", exist_ok=True)
    if not os.path.exists("/lib"):
        os.symlink("usr/lib", "/lib")
    os.symlink(tree, f"/lib/modules/{os.uname().release}")
    found = {}
    for name, text in programs.items():
        path = f"/run/modprobe-{name}"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o755)
        with open(PROGRAM, "w", encoding="ascii") as file:
            file.write(path)
        found[name] = {what: answer(ask) for what, ask in ASKED.items()}
    return found


def answer(ask: Callable[[], None]) -> tuple[str, list[str]]:
    """The result of ``ask`` in a kernel without modules."""
    machine.unload_all()
    try:
        ask()
        code = "0"
    except OSError as error:
        code = errno.errorcode[error.errno or 0]
    return code, sorted(module[0] for module in machine.loaded())
