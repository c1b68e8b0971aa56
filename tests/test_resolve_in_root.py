"""Names below a root, resolved by us and by openat2 with RESOLVE_IN_ROOT: the same file or errno."""

from __future__ import annotations

import ctypes
import errno
import os
import random
import struct
from pathlib import Path

import pytest

from pymodutils.resolve_in_root import resolve
from tests.oracles.debian import Unavailable

OPENAT2, RESOLVE_IN_ROOT = 437, 0x10
NAMES = "abcd"
TREES = 20


def openat2(root: Path, path: str) -> tuple[int, int] | int:
    """Device and inode of ``path`` below ``root``, or the errno."""
    libc = ctypes.CDLL(None, use_errno=True)
    top = os.open(root, os.O_PATH)
    how = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, RESOLVE_IN_ROOT)
    try:
        fd = libc.syscall(OPENAT2, top, os.fsencode(path), how, len(how))
        if fd < 0:
            return ctypes.get_errno()
        found = os.fstat(fd)
        os.close(fd)
    finally:
        os.close(top)
    return found.st_dev, found.st_ino


def by_hand(root: Path, path: str) -> tuple[int, int] | int:
    try:
        found = os.stat(resolve(str(root), path))
    except OSError as error:
        return error.errno or 0
    return found.st_dev, found.st_ino


def grow(root: Path, rng: random.Random) -> None:
    """Directories, files and links of every kind; host paths of the tree itself are targets, too."""
    folders = [root]
    for name in NAMES:
        folders.append(rng.choice(folders) / name)
        folders[-1].mkdir(exist_ok=True)
    for _ in range(14):
        place = rng.choice(folders) / f"{rng.choice('xyz')}{rng.choice('123')}"
        if not place.is_symlink() and not place.exists():
            place.symlink_to(target(root, rng)) if rng.random() < 0.8 else place.touch()


def target(root: Path, rng: random.Random) -> str:
    words = [rng.choice(["..", *NAMES, "x1", "y2", "z3", "x2", "y1"]) for _ in range(rng.randint(1, 4))]
    return rng.choice(["", "/", "/", f"{root}/", "../../../../../../"]) + "/".join(words)


def test_as_the_kernel_does(tmp_path: Path) -> None:
    if openat2(tmp_path, "/") == errno.ENOSYS:
        raise Unavailable("this kernel has no openat2")
    rng = random.Random(10)  # noqa: S311 -- the same trees each time
    errors: set[object] = set()
    for at in range(TREES):
        root = tmp_path / str(at)
        root.mkdir()
        grow(root, rng)
        for _ in range(60):
            path = "/" + "/".join(rng.choice([*NAMES, "x1", "y2", "z3", "..", "x3"]) for _ in range(3))
            theirs = openat2(root, path)
            assert by_hand(root, path) == theirs, f"{root}{path}"
            errors.add(theirs if isinstance(theirs, int) else "found")
    assert errors >= {"found", errno.ENOENT, errno.ELOOP, errno.ENOTDIR}


@pytest.mark.parametrize(
    ("link", "leads"), [("usr/lib", "lib"), ("/usr/lib", "usr/lib"), ("usr/../../usr/lib", "usr/lib")]
)
def test_a_name_changes_only_where_the_host_would_leave_the_root(
    link: str, leads: str, tmp_path: Path
) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "lib").symlink_to(link)
    assert resolve(str(tmp_path), "/lib/x") == f"{tmp_path}/{leads}/x"
