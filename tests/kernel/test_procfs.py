"""/proc/modules and /sys/module below a directory: complete, sparse and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.errors import BadLine, ModutilsError
from pymodutils.kernel import procfs
from pymodutils.kernel.base import Loaded, State
from pymodutils.root import Root

LINES = """\
vfat 24576 1 - Live 0xffffffffc0a10000
fat 90112 1 vfat, Live 0xffffffffc09f0000 (OE)
nvidia 1000 -1 - Unloading 0x0000000000000000 (POE-)
slow 16384 1 - Loading 0xffffffffc0a00000 (F+)
stuck 16384 2 fat,vfat,[permanent], Live 0x0000000000000000
"""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/modules").write_text(LINES)
    return Root(str(tmp_path))


def sysfs(root: Root, name: str, **files: str) -> Path:
    folder = Path(root.path(f"/sys/module/{name}"))
    (folder / "holders").mkdir(parents=True)
    for file, text in files.items():
        (folder / file).write_text(text)
    return folder


def test_lines_are_read_without_sysfs(root: Root) -> None:
    assert procfs.loaded(root) == [
        Loaded("vfat", 24576, 1, (), State.LIVE, 0xFFFFFFFFC0A10000, ""),
        Loaded("fat", 90112, 1, ("vfat",), State.LIVE, 0xFFFFFFFFC09F0000, "OE"),
        Loaded("nvidia", 1000, -1, (), State.GOING, 0, "POE"),
        Loaded("slow", 16384, 1, (), State.COMING, 0xFFFFFFFFC0A00000, "F"),
        Loaded("stuck", 16384, 2, ("fat", "vfat"), State.LIVE, 0, ""),
    ]


def test_sysfs_knows_better(root: Root) -> None:
    folder = sysfs(root, "fat", coresize="95000\n", refcnt="3\n", initstate="live\n")
    (folder / "holders/msdos").touch()
    fat = procfs.loaded(root)[1]
    assert (fat.size, fat.users, fat.holders, fat.taints) == (95000, 3, ("msdos",), "OE")


def test_a_kernel_that_cannot_unload_has_no_counts(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/modules").write_text("fat 90112 - - Live 0x0\n")
    assert procfs.loaded(Root(str(tmp_path)))[0].users is None


def test_no_modules_is_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/modules").touch()
    assert procfs.loaded(Root(str(tmp_path))) == []


def test_no_proc_modules_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModutilsError, match=r"could not open .*/proc/modules: No such file or directory"):
        procfs.loaded(Root(str(tmp_path)))


@pytest.mark.parametrize(
    "line",
    [
        "fat",
        "fat x 1 - Live 0x0",
        "fat 1 y - Live 0x0",
        "fat 1 1 - Dreaming 0x0",
        "fat 1 1 - Live zz",
        " ",
        "fat 1 1",
    ],
)
def test_a_line_that_no_kernel_writes_is_named(root: Root, line: str) -> None:
    Path(root.path("/proc/modules")).write_text(LINES + line + "\n")
    with pytest.raises(BadLine) as caught:
        procfs.loaded(root)
    assert caught.value.subject == f"{root.path('/proc/modules')}:6"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "garbage"
    (folder / "proc").mkdir(parents=True, exist_ok=True)
    (folder / "proc/modules").write_bytes(LINES.encode() + data)
    try:
        assert len(procfs.loaded(Root(str(folder)))) >= 5
    except BadLine:
        pass


@pytest.mark.parametrize(
    ("files", "state"),
    [
        ({"initstate": "live\n"}, State.LIVE),
        ({"initstate": "coming\n"}, State.COMING),
        ({"initstate": "going\n"}, State.GOING),
        ({}, State.COMING),
    ],
)
def test_states(root: Root, files: dict[str, str], state: State) -> None:
    sysfs(root, "fat", **files)
    assert procfs.state(root, "fat") is state


@pytest.mark.parametrize("name", ["nosuch", "", "fat\0"])
def test_what_has_no_directory_is_not_in_the_kernel(root: Root, name: str) -> None:
    sysfs(root, "fat")
    assert procfs.state(root, name) is None


def test_words_that_no_kernel_writes_are_named(root: Root) -> None:
    sysfs(root, "fat", initstate="asleep\n", refcnt="many\n")
    with pytest.raises(BadLine, match="fat/initstate holds 'asleep'"):
        procfs.state(root, "fat")
    with pytest.raises(BadLine, match="fat/refcnt holds 'many'"):
        procfs.users(root, "fat")
