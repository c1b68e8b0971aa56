"""Errno of finit_module for descriptors of all kinds, compared with Debian's 6.1 and 7.2."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.emulated.load.kernel_read_file import kernel_read_file
from tests.lanes.verdicts.player import DESCRIPTORS

REFUSED = {
    "write": errno.EBADF,
    "both": errno.ETXTBSY,
    "path": errno.EBADF,
    "folder": errno.EINVAL,
    "emptied": errno.EINVAL,
    "null": errno.EINVAL,
    "pipe": errno.EINVAL,
    "socket": errno.EINVAL,
    "closed": errno.EBADF,
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_no_file_to_read_has_an_errno(how: str, tmp_path: Path) -> None:
    file = tmp_path / "file.ko"
    file.write_bytes(b"module")
    fd = DESCRIPTORS[how](str(file))
    with pytest.raises(Refused) as refused:
        kernel_read_file(fd)
    with contextlib.suppress(OSError):
        os.close(fd)
    assert refused.value.errno == REFUSED[how]


def test_a_file_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "file.ko"
    file.write_bytes(b"module")
    with file.open("rb") as handle:
        handle.seek(3)
        assert kernel_read_file(handle.fileno()) == b"module"
