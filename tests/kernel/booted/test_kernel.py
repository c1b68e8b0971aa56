"""Files, folders and modules by system calls, which the kernel that the tests run on answers."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel.booted.kernel import BUFFER, BUFFER_SIZE, BootedKernel
from pymodutils.machine import guest
from pymodutils.machine.results import Result, Returned
from tests.oracles.debian import Unavailable

GETDENTS64 = {"x86_64": 217, "aarch64": 61}
AREA = 0x7000_0000  # where the guest has its user memory
LIBC = ctypes.CDLL(None, use_errno=True)


class Guest:
    """System calls of this machine, with buffers in user memory of its own."""

    user = AREA

    def __init__(self) -> None:
        self.memory = ctypes.create_string_buffer(guest.USER_SIZE)
        self.machine, self.calls = SimpleNamespace(space=self), SimpleNamespace(directory=os.O_DIRECTORY)
        self.asked: list[tuple[str, tuple[object, ...]]] = []
        self.answers: dict[str, int] = {}
        self.opened: set[int] = set()

    def read(self, address: int, size: int) -> bytes:
        return self.memory.raw[address - AREA : address - AREA + size]

    def system_call(self, name: str, *arguments: Any) -> Returned:
        self.asked.append((name, arguments))
        if name in self.answers:
            return Returned(self.answers[name] & (1 << 64) - 1)
        given = [self._address(it) if it == BUFFER else it for it in arguments]
        call = getattr(LIBC, name) if name != "getdents64" else self._getdents64
        result = call(*given)
        if name == "openat" and result >= 0:
            self.opened.add(result)
        if name == "close":
            self.opened.remove(arguments[0])
        return Returned((result if result >= 0 else -ctypes.get_errno()) & (1 << 64) - 1)

    def _address(self, address: int) -> int:
        return ctypes.addressof(self.memory) + address - guest.USER

    def _getdents64(self, *arguments: int) -> int:
        found: int = LIBC.syscall(GETDENTS64[platform.machine()], *arguments)
        return found


class Kernel(BootedKernel):
    """One without a state file."""

    def __init__(self) -> None:
        super().__init__("state")
        self.guest = Guest()

    def _current(self) -> Any:
        return self.guest

    def _change(self, step: Callable[[Any], Result]) -> Result:
        return step(self.guest)


@pytest.fixture
def kernel() -> Kernel:
    if platform.machine() not in GETDENTS64:
        raise Unavailable("the number of getdents64 is not known on this machine")
    return Kernel()


@pytest.mark.parametrize("size", [0, 1, BUFFER_SIZE - 1, BUFFER_SIZE, BUFFER_SIZE + 1, 2 * BUFFER_SIZE])
def test_files_of_any_size(kernel: Kernel, tmp_path: Path, size: int) -> None:
    data = bytes(at % 251 for at in range(size))
    (tmp_path / "file").write_bytes(data)
    assert kernel.read(str(tmp_path / "file")) == data
    assert not kernel.guest.opened


def test_folders(kernel: Kernel, tmp_path: Path) -> None:
    names = [f"{at:03}{'n' * (at % 40)}" for at in range(100)]
    for name in names:
        (tmp_path / name).touch()
    assert sorted(kernel.listdir(str(tmp_path))) == names
    (tmp_path / "empty").mkdir()
    assert kernel.listdir(str(tmp_path / "empty")) == []
    assert not kernel.guest.opened


def test_writing(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kernel.write(str(tmp_path / "file"), b"value")
    assert (tmp_path / "file").read_bytes() == b"value"
    assert not kernel.guest.opened
    assert kernel.guest.asked[0][1][2] == os.O_WRONLY


def test_errors_are_the_kernels(kernel: Kernel, tmp_path: Path) -> None:
    for code, call in (
        (errno.ENOENT, lambda: kernel.read(str(tmp_path / "none"))),
        (errno.EISDIR, lambda: kernel.read(str(tmp_path))),
        (errno.ENOTDIR, lambda: kernel.listdir(__file__)),
        (errno.EISDIR, lambda: kernel.write(str(tmp_path), b"value")),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.errno == code
        assert os.strerror(code) in str(refused.value)
    assert not kernel.guest.opened
    kernel.guest.answers["write"] = -errno.EINVAL
    (tmp_path / "file").touch()
    with pytest.raises(Refused) as refused:
        kernel.write(str(tmp_path / "file"), b"value")
    assert refused.value.errno == errno.EINVAL


def test_removal_does_not_wait(kernel: Kernel) -> None:
    kernel.guest.answers["delete_module"] = 0
    kernel.delete("a")
    kernel.delete("a", force=True)
    flags = [os.O_NONBLOCK, os.O_NONBLOCK | os.O_TRUNC]
    assert kernel.guest.asked == [("delete_module", (b"a", flag)) for flag in flags]
    kernel.guest.answers["delete_module"] = -errno.EAGAIN
    with pytest.raises(Refused, match="could not remove 'a': Resource temporarily unavailable") as refused:
        kernel.delete("a")
    assert refused.value.errno == errno.EAGAIN


def test_lines_of_the_log(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """<4> is KERN_WARNING; the facility is in the bits above, LOG_USER is 1."""
    lines = ["<6>[    0.000000] Linux version", "<12>[   12.345678] a] b", "<0>[    1.5] x"]
    monkeypatch.setattr(kernel.guest, "log", lambda: (lines, 3), raising=False)
    found = [(it.number, it.stamp, it.level, it.text) for it in kernel.log()]
    assert found == [(1, 0.0, 6, "Linux version"), (2, 12.345678, 4, "a] b"), (3, 1.5, 0, "x")]
    assert [it.number for it in kernel.log(2)] == [3]
