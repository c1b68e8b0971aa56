"""Load a module file: by finit_module if the kernel can read it, else decompressed, by init_module."""

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


def insert(calls: Calls, path: str, params: str, flags: Init) -> str:
    """Load the file ``path``; return a remark if the kernel failed to decompress it and we did.

    Raises Refused with the errno of the file or of the kernel, or BadModule.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _refused(path, error.errno or errno.EIO) from None
    try:
        code, remark = _hand_over(calls, fd, path, os.fsencode(params), flags)
    except OSError as error:
        code, remark = error.errno or errno.EIO, ""
    finally:
        os.close(fd)
    if code:
        raise _refused(path, code)
    return remark


def _hand_over(calls: Calls, fd: int, path: str, params: bytes, flags: Init) -> tuple[int, str]:
    """Return the kernel's errno and a remark.

    finit_module must exist and decompress this format. EINVAL about a compressed file may come from its
    decompressors, which take less than the libraries: then the module itself is tried.
    """
    packing, remark = packing_of(_start(fd)), ""
    if not packing or packing == _unpacks(calls.root):
        said = flags | Init.COMPRESSED_FILE if packing else flags
        code = calls.finit(fd, params, said)
        if code != errno.ENOSYS and not (packing and code == errno.EINVAL):
            return code, ""
        if code == errno.EINVAL:
            remark = f"the kernel cannot decompress {path} ({packing}): decompressed in user space"
    from pymodutils.kernel import force  # noqa: PLC0415 -- only where the kernel does not read files

    image = force.stripped(compress.decompress(compress.read_all(fd), path), flags, path)
    return calls.init(image, params), remark


def _unpacks(root: Root) -> str:
    """The compression that the kernel undoes itself: zstd, xz, gzip or "" for none."""
    try:
        return root.read("/sys/module/compression").decode("ascii", "replace").strip()
    except OSError:
        return ""


def packing_of(start: bytes) -> str:
    """Return how a file that begins with ``start`` is compressed, as in /sys/module/compression, or ""."""
    return next((name for name, magic in PACKINGS.items() if start.startswith(magic)), "")


def _start(fd: int) -> bytes:
    start = os.pread(fd, SHORTEST, 0)
    if len(start) < SHORTEST:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return start


def _refused(path: str, code: int) -> Refused:
    return Refused(path, f"could not insert module {path}: {os.strerror(code)}", code)
