"""Read the file of finit_module; fs/kernel_read_file.c."""

from __future__ import annotations

import fcntl
import os
import stat
from errno import EBADF, EFBIG, EINVAL, EIO, ETXTBSY
from typing import Final

from pymodutils.elf import compress
from pymodutils.errors import Refused

LARGEST: Final = (1 << 31) - 1  # bytes: INT_MAX


def kernel_read_file(fd: int) -> bytes:
    """The contents of the regular file ``fd``, from its start; raises Refused as the kernel does."""
    try:
        mode = fcntl.fcntl(fd, fcntl.F_GETFL)
        found = os.fstat(fd)
    except OSError as error:
        raise _refused(error.errno or EBADF) from None
    if mode & os.O_PATH or mode & os.O_ACCMODE == os.O_WRONLY:
        raise _refused(EBADF)
    if not stat.S_ISREG(found.st_mode):
        raise _refused(EINVAL)
    if mode & os.O_ACCMODE == os.O_RDWR:
        raise _refused(ETXTBSY)
    if not found.st_size:
        raise _refused(EINVAL)
    if found.st_size > LARGEST:
        raise _refused(EFBIG)
    try:
        return compress.read_all(fd)
    except OSError as error:
        raise _refused(error.errno or EIO) from None


def _refused(code: int) -> Refused:
    return Refused("module", os.strerror(code), code)
