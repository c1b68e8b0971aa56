"""Debian's kernels boot in this process and load Debian's modules."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pymodutils import LiveKernel
from pymodutils.errors import BadKernel, BadState, Refused, Unanswered
from pymodutils.kernel.booted.boot import boot
from pymodutils.kernel.booted.kernel import BootedKernel
from pymodutils.kernel.remove import InUse, attempt
from pymodutils.machine import UNAMES, saved
from pymodutils.machine.boot import MEMORY
from pymodutils.machine.boot import boot as fresh
from pymodutils.machine.results import Oopsed, Panicked, Returned, Waits
from tests.oracles import debian, kernels

pytestmark = [pytest.mark.lane, pytest.mark.slow]
KERNELS = {  # metapackage, suite, architecture
    "bookworm": ("linux-image-cloud-amd64", "bookworm", "amd64"),
    "trixie": ("linux-image-cloud-amd64", "trixie", "amd64"),
    "arm64": ("linux-image-arm64", "bookworm", "arm64"),
    "riscv64": ("linux-image-riscv64", "trixie", "riscv64"),
}
SPIN = {  # 1: pause; jmp 1b -- 1: yield; b 1b -- 1: pause; j 1b
    "x86_64": "f390ebfc",
    "aarch64": "3f2003d5ffffff17",
    "riscv64": "0f0000016ff0dfff",
}
STORE = {
    "x86_64": "supervisor write access",
    "aarch64": "WnR = 1",
    "riscv64": "badaddr: 0000000000000010 cause: 000000000000000f",
}
FETCH = {
    "x86_64": "supervisor instruction fetch",
    "aarch64": "IABT (current EL)",
    "riscv64": "badaddr: 0000000000000000 cause: 000000000000000c",
}


@pytest.fixture(scope="module", params=KERNELS)
def unpacked(request: pytest.FixtureRequest) -> Path:
    meta, suite, arch = KERNELS[request.param]
    return debian.unpacked(debian.newest(meta, suite, arch), suite, arch)


@pytest.fixture
def arch(state: str) -> str:
    return UNAMES[saved.load(state)[1].machine.arch.machine]


@pytest.fixture(scope="module")
def image(unpacked: Path) -> Path:
    return next(unpacked.glob("boot/vmlinu[xz]-*"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def state(image: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    path = str(tmp_path / "k.state")
    assert boot(str(image), path, "", MEMORY).endswith(path)
    return path


def module(unpacked: Path, name: str) -> str:
    return str(next(path for path in unpacked.rglob(f"{name}.ko*") if path.stem.split(".")[0] == name))


def test_two_boots_and_what_follows_are_equal_to_the_byte(image: Path, state: str) -> None:
    first = fresh(image.read_bytes(), str(image))
    base, second = saved.load(state)
    assert base == saved.key(image.read_bytes(), "", MEMORY)
    for guest in (first, second):
        assert isinstance(guest.run("strlen", 8), Oopsed)
    assert first.log() == second.log()
    hashes = {hashlib.sha256(guest.machine.ram).hexdigest() for guest in (first, second)}
    assert len(hashes) == 1


def test_modules_come_and_go(unpacked: Path, image: Path, state: str) -> None:
    kernel = BootedKernel.open(state)
    for name in ("fat", "vfat"):
        kernel.insert(module(unpacked, name), "")
    assert [(it.name, it.users, it.holders) for it in BootedKernel.open(state).loaded()] == [
        ("vfat", 0, ()),
        ("fat", 1, ("vfat",)),
    ]
    with pytest.raises(InUse):
        attempt(kernel, "fat", lambda _name: False)
    with pytest.raises(Refused, match="File exists"):
        kernel.insert(module(unpacked, "fat"), "")
    kernel.delete("vfat")
    kernel.delete("fat")
    assert BootedKernel.open(state).loaded() == []
    release = kernel.read("/proc/sys/kernel/osrelease").decode().strip()
    assert image.name.partition("-")[2] == release


def test_parameters_and_the_log(unpacked: Path, state: str) -> None:
    kernel = BootedKernel.open(state)
    kernel.insert(module(unpacked, "dummy"), "numdummies=3 nosuch=1")
    assert "dummy2" in kernel.listdir("/sys/class/net")
    assert kernel.read("/sys/module/dummy/refcnt") == b"0\n"
    assert "dummy: unknown parameter 'nosuch' ignored" in [line.text for line in kernel.log()]
    kernel.write("/proc/sys/kernel/modules_disabled", b"1\n")
    with pytest.raises(Refused, match="Operation not permitted"):
        BootedKernel.open(state).insert(module(unpacked, "fat"), "")
    with pytest.raises(Refused, match="No such file"):
        kernel.read("/proc/nosuch")


def test_what_is_refused_has_the_kernels_errno(unpacked: Path, state: str, tmp_path: Path) -> None:
    kernel, broken = BootedKernel.open(state), tmp_path / "broken.ko"
    broken.write_bytes(b"\x7fELF" + bytes(200))
    for path, words in ((broken, "Exec format error"), (module(unpacked, "vfat"), "No such file")):
        with pytest.raises(Refused, match=words):
            kernel.insert(str(path), "")
    assert any("vfat: Unknown symbol fat_" in line.text for line in kernel.log())


def test_ends_are_values(state: str, arch: str) -> None:
    _, guest = saved.load(state)
    text = guest.data + 0x200
    assert guest.run("strlen", text) == Returned(10)
    for _ in range(5):  # an oops takes its task along and nothing else
        oopsed = guest.run("memset", 16, 0, 8)
        assert isinstance(oopsed, Oopsed)
        assert any(STORE[arch] in line for line in oopsed.log)
    jump = guest.run(0)
    assert isinstance(jump, Oopsed)
    assert any(FETCH[arch] in line for line in jump.log)
    waits = guest.run("msleep", 3_600_000)
    assert isinstance(waits, Waits)
    assert any("msleep" in line for line in waits.log)
    assert guest.run("strlen", text) == Returned(10)
    with pytest.raises(Panicked, match="pymodutils"):
        guest.run("panic", text)


def test_an_endless_loop_ends(state: str, arch: str) -> None:
    _, guest = saved.load(state)
    guest.machine.budget = 20
    guest.machine.space.write(guest.code + 0x100, bytes.fromhex(SPIN[arch]))
    with pytest.raises(Unanswered, match="still running"):
        guest.machine.call(guest.code + 0x100)


def test_eight_processes_lose_nothing(unpacked: Path, state: str) -> None:
    names = ["dummy", "fat", "nlmon", "ifb", "vcan", "veth", "crc7", "tun"]
    names = [name for name in names if any(unpacked.rglob(f"{name}.ko*"))]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda name: tool("insmod", state, module(unpacked, name)), names))
    kept = {it.name for it in BootedKernel.open(state).loaded()}
    loaded = {name for name, run in zip(names, done, strict=True) if run.returncode == 0}
    assert kept == loaded
    assert len(kept) > 3


def test_functions_are_called_and_replaced(unpacked: Path, state: str, arch: str) -> None:
    path = module(unpacked, "dummy")
    with LiveKernel.boot(state) as kernel:
        crc = kernel.load(module(unpacked, "crc-itu-t"))
        assert crc.call("crc_itu_t", 0, "123456789", 9) == 0x31C3
        with kernel.replace("alloc_netdev_mqs", fail_at=[1], result=0) as replaced:
            with pytest.raises(Refused, match="Cannot allocate memory"):
                kernel.load(path)
            assert replaced.calls == 1
        assert kernel.load(path).name == "dummy"
        if arch == "riscv64":
            with pytest.raises(BadKernel, match="no checks"):
                kernel.check()


@pytest.mark.parametrize("name", ["trixie-arm64", "forky-arm64", "forky-riscv64"])
def test_later_kernels(name: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    path, real = str(tmp_path / "k.state"), kernels.kernel(name)
    assert real.release in boot(str(real.image), path, "", MEMORY)
    kernel = BootedKernel.open(path)
    kernel.insert(module(real.modules, "dummy"), "numdummies=2")
    assert {"dummy0", "dummy1", "lo"} <= set(kernel.listdir("/sys/class/net"))
    assert [it.name for it in kernel.loaded()] == ["dummy"]


def tool(name: str, state: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pymodutils", name, "--backend", f"machine:{state}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))


def test_the_tools(unpacked: Path, state: str) -> None:
    assert tool("insmod", state, module(unpacked, "dummy")).returncode == 0
    assert "dummy" in tool("lsmod", state).stdout
    assert tool("rmmod", state, "dummy").returncode == 0
    assert "not currently loaded" in tool("rmmod", state, "dummy").stderr


def test_damage_is_one_line(state: str, tmp_path: Path) -> None:
    other = tmp_path / "other.state"
    other.write_bytes(Path(state).read_bytes()[:200])
    with pytest.raises(BadState, match="not the state of a machine"):
        BootedKernel.open(str(other))
    with pytest.raises(BadState, match="no such file"):
        BootedKernel.open(str(tmp_path / "absent"))


def test_what_cannot_boot(image: Path) -> None:
    with pytest.raises(BadKernel, match="MiB of memory"):
        fresh(image.read_bytes(), str(image), memory=1 << 20)
    other = kernels.kernel("s390x").image
    with pytest.raises(BadKernel, match="boots kernels of x86_64, aarch64 and riscv64; this is one of s390"):
        fresh(other.read_bytes(), str(other))
