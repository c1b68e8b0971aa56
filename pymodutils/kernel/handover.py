"""How a module's file reaches the kernel: as it is if the kernel can read it, else unpacked, from memory."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final, Protocol

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kernel.base import Init

if TYPE_CHECKING:
    from pymodutils.root import Root

PACKINGS: Final = {"gzip": compress.GZIP, "xz": compress.XZ, "zstd": compress.ZSTD}
SHORTEST: Final = 6  # bytes of the longest magic; kmod refuses shorter files without asking the kernel


class Calls(Protocol):
    """The two system calls that load a module; each gives the errno, or 0."""

    root: Root

    def finit(self, fd: int, params: bytes, flags: Init) -> int:
        """finit_module: the module in the open file ``fd``."""
        ...

    def init(self, image: bytes, params: bytes) -> int:
        """init_module: the module in memory."""
        ...


def insert(calls: Calls, path: str, params: str, flags: Init) -> None:
    """Load the file ``path``; raises Refused with the errno of the file or of the kernel, or BadModule."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(path, error.errno or errno.EIO) from None
    try:
        code = _hand_over(calls, fd, path, os.fsencode(params), flags)
    except OSError as error:
        code = error.errno or errno.EIO
    finally:
        os.close(fd)
    if code:
        raise _refused(path, code)


def _hand_over(calls: Calls, fd: int, path: str, params: bytes, flags: Init) -> int:
    """The kernel's answer; finit_module needs a kernel that has it and can undo the compression."""
    packing = _packing(fd)
    if not packing or packing == _unpacks(calls.root):
        said = flags | Init.COMPRESSED_FILE if packing else flags
        code = calls.finit(fd, params, said)
        if code != errno.ENOSYS:
            return code
    from pymodutils.kernel import force  # noqa: PLC0415 -- only where the kernel does not read files

    image = force.stripped(compress.decompress(compress.read_all(fd), path), flags, path)
    return calls.init(image, params)


def _unpacks(root: Root) -> str:
    """The compression that the kernel undoes itself: zstd, xz, gzip or "" for none."""
    try:
        return root.read("/sys/module/compression").decode("ascii", "replace").strip()
    except OSError:
        return ""


def _packing(fd: int) -> str:
    """How the open file is compressed, in the words of /sys/module/compression."""
    start = os.pread(fd, SHORTEST, 0)
    if len(start) < SHORTEST:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return next((name for name, magic in PACKINGS.items() if start.startswith(magic)), "")


def _refused(path: str, code: int) -> Refused:
    return Refused(path, f"could not insert module {path}: {os.strerror(code)}", code)
