"""A compressed file that the kernel refuses is decompressed here, with a message."""

from __future__ import annotations

import errno
import lzma
from pathlib import Path

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel import handover
from pymodutils.kernel.base import Init
from pymodutils.root import Root

MODULE = b"\x7fELF and more"


class Calls(handover.Handover):
    """A kernel that returns ``codes`` for finit_module and init_module."""

    def __init__(self, top: Path, finit: int, init: int = 0) -> None:
        (top / "sys/module").mkdir(parents=True)
        (top / "sys/module/compression").write_text("xz\n")
        self.root, self.codes = Root(str(top)), (finit, init)
        self.seen: list[object] = []

    def finit_module(self, fd: int, params: bytes, flags: Init) -> None:
        del fd, params
        self.seen.append(flags)
        self.answer(self.codes[0])

    def init_module(self, image: bytes, params: bytes) -> None:
        del params
        self.seen.append(image)
        self.answer(self.codes[1])

    def answer(self, code: int) -> None:
        if code:
            raise Refused("module", "its reason", code)


def insert(calls: Calls, folder: Path, data: bytes) -> str:
    path = folder / "x.ko.xz"
    path.write_bytes(data)
    return calls.insert(str(path), "")


def test_einval_about_a_compressed_file(tmp_path: Path) -> None:
    calls = Calls(tmp_path, errno.EINVAL)
    remark = insert(calls, tmp_path, lzma.compress(MODULE))
    assert calls.seen == [Init.COMPRESSED_FILE, MODULE]
    assert "decompressed in user space" in remark


def test_the_second_answer_counts(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        insert(Calls(tmp_path, errno.EINVAL, errno.ENOENT), tmp_path, lzma.compress(MODULE))
    assert (caught.value.errno, str(caught.value)) == (errno.ENOENT, "its reason")


@pytest.mark.parametrize("code", [0, errno.ENOEXEC, errno.EEXIST, errno.EPERM])
def test_other_answers_are_final(code: int, tmp_path: Path) -> None:
    calls = Calls(tmp_path, code)
    if code:
        with pytest.raises(Refused):
            insert(calls, tmp_path, lzma.compress(MODULE))
    else:
        assert not insert(calls, tmp_path, lzma.compress(MODULE))
    assert calls.seen == [Init.COMPRESSED_FILE]


def test_einval_about_a_plain_file_is_final(tmp_path: Path) -> None:
    calls = Calls(tmp_path, errno.EINVAL)
    with pytest.raises(Refused):
        insert(calls, tmp_path, MODULE)
    assert calls.seen == [Init.NONE]
