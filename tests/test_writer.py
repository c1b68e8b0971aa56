"""Output files are replaced atomically; devices, pipes and descriptors are written to."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pymodutils.errors import ModutilsError
from pymodutils.writer import save

SAVE = "import sys; from pymodutils.writer import save; save(sys.argv[1], b'x' * int(sys.argv[2]))"
KILLS = 20


def test_devices_are_written_to() -> None:
    before = os.stat("/dev/null")
    save("/dev/null", b"x")
    assert os.stat("/dev/null").st_rdev == before.st_rdev


def test_a_descriptor_is_written_to_and_its_file_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    with log.open("ab") as file:
        subprocess.run([sys.executable, "-c", SAVE, "/dev/stdout", "3"], stdout=file, check=True)
    assert os.listdir(tmp_path) == ["log"]
    assert log.stat().st_nlink == 1


def test_permissions_stay(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(0o600)
    save(str(file), b"x")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("size", [1 << 16])
def test_a_file_that_grows_too_large_leaves_the_old_one(size: int, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"before")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    words = [sys.executable, "-c", SAVE, str(file), str(size)]
    done = subprocess.run(words, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert "File too large" in done.stderr
    assert file.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_killed_writer_left_goes_and_what_lives_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    (tmp_path / "file.123.pymodutils-new").touch()
    (tmp_path / "file.x.pymodutils-new").touch()
    (tmp_path / "other.123.pymodutils-new").touch()
    (tmp_path / "file.5.pymodutils-new").symlink_to("/etc/passwd")
    save(str(file), b"x")
    left = {"file", "file.x.pymodutils-new", "other.123.pymodutils-new", "file.5.pymodutils-new"}
    assert set(os.listdir(tmp_path)) == left


@pytest.mark.slow
def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"before")
    for number in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", SAVE, str(file), str(1 << 24)])
        try:
            process.wait(0.03 + number * 0.005)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert file.read_bytes() in (b"before", b"x" * (1 << 24))
    save(str(file), b"after")
    assert os.listdir(tmp_path) == ["file"]


def test_an_empty_name_is_no_file() -> None:
    with pytest.raises(ModutilsError, match="could not write : No such file or directory"):
        save("", b"")


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModutilsError, match=r"could not write .*/no/such: No such file or directory"):
        save(str(tmp_path / "no/such"), b"")
