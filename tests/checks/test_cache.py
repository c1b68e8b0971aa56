"""Cached kernel descriptions: their keys, and concurrent processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pymodutils import check
from pymodutils.checks import cache
from tests.checks.made import Desk, errors
from tests.kernel.emulated.modules import EXPORTS


@pytest.fixture
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Path(cache.folder())


def test_the_second_time_nothing_is_read(desk: Desk, entries: Path) -> None:
    kernel, path = desk.kernel(), desk.module()
    assert check(path, kernel).ok
    [entry] = entries.iterdir()
    text = entry.read_text().partition("\n")[2]
    entry.write_text(cache.seal(str(entry), text.replace("6.1.0-made", "6.1.0-kept")))
    assert check(path, kernel).kernels[0].release == "6.1.0-kept"
    assert check(path, kernel, cached=False).kernels[0].release == "6.1.0-made"


def test_other_content_is_another_kernel(desk: Desk, entries: Path) -> None:
    kernel, path = desk.kernel(), desk.module()
    assert check(path, kernel).ok
    changed = {**EXPORTS, "_printk": EXPORTS["_printk"]._replace(crc=9)}
    assert not check(path, desk.kernel(exports=changed)).ok
    assert len(list(entries.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nosuch")
    assert check(desk.module(), desk.kernel()).ok


def test_eight_at_once(desk: Desk, entries: Path) -> None:
    words = [sys.executable, "-m", "pymodutils", "check", "-k", desk.kernel(), desk.module()]
    running = [subprocess.Popen(words, env=os.environ, stdout=subprocess.PIPE) for _ in range(8)]
    assert [it.wait(60) for it in running] == [0] * 8
    for it in running:
        it.communicate()
    assert [entry.suffix for entry in entries.iterdir()] == [".json"]


def test_a_damaged_entry_is_made_again(desk: Desk, entries: Path) -> None:
    kernel, path = desk.kernel(), desk.module()
    assert check(path, kernel).ok
    [entry] = entries.iterdir()
    entry.write_text(entry.read_text()[:100])
    assert check(path, kernel).ok


def test_a_copy_elsewhere_is_known_and_one_that_was_changed_is_not(desk: Desk, entries: Path) -> None:
    kernel, path = Path(desk.kernel()), desk.module()
    content = kernel.read_bytes()
    copy = desk.file("elsewhere/other.json", content)
    assert check(path, [str(kernel), copy]).ok
    [entry] = entries.iterdir()
    desk.file("elsewhere/other.json", content.replace(b"6.1.0-made", b"6.1.0-mode"))
    stamp = kernel.stat()
    os.utime(copy, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert check(path, copy).kernels[0].release == "6.1.0-mode"
    assert len(list(entries.iterdir())) == 2
    assert entry in entries.iterdir()


def test_a_configuration_beside_a_copy_counts(desk: Desk, entries: Path) -> None:
    kernel, path = desk.kernel(), desk.module()
    assert check(path, kernel).ok
    desk.file("config-6.1.0-made", b"CONFIG_SMP=y\n")
    assert check(path, kernel).ok
    assert len(list(entries.iterdir())) == 2


def test_what_a_directory_holds_decides_though_its_times_are_set_back(desk: Desk, entries: Path) -> None:
    folder, path = desk.folder / "headers", desk.module()
    rows = (
        "0x12345678\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n0x92997ed8\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n"
    )
    symvers = Path(desk.file("headers/Module.symvers", rows.encode()))
    desk.file(
        "headers/.config", b"# Linux/x86 6.1.0 Kernel Configuration\nCONFIG_X86_64=y\nCONFIG_MODVERSIONS=y\n"
    )
    assert "crc" not in errors(check(path, str(folder)).verdicts[0])
    stamp = symvers.stat()
    symvers.write_text(rows.replace("0x12345678", "0x12345679"))
    os.utime(symvers, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert "crc" in errors(check(path, str(folder)).verdicts[0])
    assert len(list(entries.iterdir())) == 2
