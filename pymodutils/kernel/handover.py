"""Load a module file: by finit_module if the kernel can read it, else decompressed, by init_module."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kernel.base import Init

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.root import Root

CANNOT: Final = "the kernel cannot decompress"


class Handover:
    """A kernel with the two system calls to load modules; each raises Refused with the kernel's reason."""

    root: Root

    def finit_module(self, fd: int, params: bytes, flags: Init) -> None:
        """Load the module in the open file ``fd``."""
        raise NotImplementedError

    def init_module(self, image: bytes, params: bytes) -> None:
        """Load the module in memory."""
        raise NotImplementedError

    def insert(self, path: str, params: str, flags: Init = Init.NONE) -> str:
        """Load the module file ``path``, compressed or not; return a remark or "".

        finit_module is used if it exists and supports this compression. EINVAL for a compressed file may
        come from the kernel's decompressors, which support less than the libraries: then the decompressed
        module is tried, and the remark reports it. Raises Refused with the errno of the file or of the
        kernel, BadModule if the file cannot be decompressed.
        """
        remark = ""
        with _opened(path) as fd:
            packing, words = compress.packing_of(_start(fd)), os.fsencode(params)
            if not packing or packing == _unpacks(self.root):
                try:
                    self.finit_module(fd, words, flags | Init.COMPRESSED_FILE if packing else flags)
                except Refused as refused:
                    if refused.errno != errno.ENOSYS and not (packing and refused.errno == errno.EINVAL):
                        raise
                    if refused.errno == errno.EINVAL:
                        remark = f"{CANNOT} {path} ({packing}): decompressed in user space"
                else:
                    return self.remark(path)
            from pymodutils.kernel import force  # noqa: PLC0415 -- only if the kernel cannot read the file

            image = force.stripped(compress.decompress(compress.read_all(fd), path), flags, path)
            self.init_module(image, words)
        return remark or self.remark(path)

    def remark(self, path: str) -> str:  # noqa: ARG002 -- for kernels that have one
        """A remark about ``path``, which was loaded."""
        return ""


@contextmanager
def _opened(path: str) -> Iterator[int]:
    """A descriptor of ``path``; raises Refused with the errno of the call."""
    fd = -1
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        yield fd
    except OSError as error:
        code = error.errno or errno.EIO
        raise Refused(path, os.strerror(code), code) from None
    finally:
        if fd >= 0:
            os.close(fd)


def _unpacks(root: Root) -> str:
    """The compression that the kernel supports: zstd, xz, gzip or "" for none."""
    try:
        return root.read("/sys/module/compression").decode("ascii", "replace").strip()
    except OSError:
        return ""


def _start(fd: int) -> bytes:
    start = os.pread(fd, compress.SHORTEST, 0)
    if len(start) < compress.SHORTEST:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return start
