"""Release packages in clean systems: Debian 12 with Python 3.11, 13 with 3.13."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.oracles import chroot, registry
from tests.oracles.debian import unpacked

REPOSITORY = Path(__file__).parent.parent
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
PACKAGES = (
    *("python3-venv", "debhelper", "dh-python", "python3-all", "lintian"),  # to build
    *("python3-click", "python3-rich", "python3-networkx", "python3-pyelftools", "python3-lz4"),  # to run
)
TRY = "/root/try"
INITRAMFS = "/usr/share/initramfs-tools/hooks/pymodutils-kmod"
CHECK = ("check", "--no-cache", "--kernel", f"{TRY}/6.1.json", f"{TRY}/hello.ko")
pytestmark = [pytest.mark.lane, pytest.mark.slow]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make dist`` makes without Debian's tools."""
    folder = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(folder)]
    subprocess.run(words, cwd=REPOSITORY, check=True, capture_output=True, timeout=300)
    zipapp = [sys.executable, str(REPOSITORY / ".ci/zipapp"), str(folder / "pymodutils.pyz")]
    subprocess.run(zipapp, check=True, capture_output=True, timeout=300)
    return folder


def ran(folder: Path, *words: str) -> str:
    """The output of a command that has to work in the system."""
    done = chroot.run(folder, *words)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(params=PYTHONS)
def system(request: pytest.FixtureRequest, dist: Path, tmp_path: Path) -> tuple[str, Path]:
    """The Python of a clean system, and its folder, with ``dist`` and something to check in /root."""
    folder = chroot.made(tmp_path / "system", request.param, PACKAGES, ours=False)
    shutil.copytree(dist, folder / "root/dist")
    shutil.copytree(REPOSITORY / "demo/try", folder / TRY.lstrip("/"))
    python = PYTHONS[request.param]
    assert ran(folder, "python3", "--version").startswith(f"Python {python}.")
    return python, folder


def test_what_a_release_has(system: tuple[str, Path]) -> None:
    """One system for all of it: each part leaves it as it was."""
    python, folder = system
    the_single_file_needs_python_alone(folder)
    wheel_and_source_archive(folder, python)
    debian_packages(folder)


def the_single_file_needs_python_alone(folder: Path) -> None:
    single = ("python3", "-I", "-S", "/root/dist/pymodutils.pyz")
    assert "1 of 1 load" in ran(folder, *single, *CHECK)
    assert ran(folder, *single, "modinfo", "-F", "license", f"{TRY}/hello.ko").strip()


def wheel_and_source_archive(folder: Path, python: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    wanted = [it.split(";")[0] for it in project["project"]["dependencies"]]
    shutil.copytree(registry.wheels(python, *wanted, "hatchling"), folder / "root/wheels")
    for pattern in ("*.whl", "*.tar.gz"):
        [file] = (folder / "root/dist").glob(pattern)
        ran(folder, "python3", "-m", "venv", "--clear", "/root/venv")
        pip = ("/root/venv/bin/pip", "install", "--quiet", "--no-index", "--find-links", "/root/wheels")
        ran(folder, *pip, f"/root/dist/{file.name}")
        assert "1 of 1 load" in ran(folder, "/root/venv/bin/pymodutils", *CHECK)
        assert ran(folder, "/root/venv/bin/lsmod", "--version").startswith("kmod version 34")


def debian_packages(folder: Path) -> None:
    [archive] = (folder / "root/dist").glob("*.tar.gz")
    shutil.copy(REPOSITORY / ".ci/debian", folder / "root/debian")
    ran(folder, "/root/debian", f"/root/dist/{archive.name}")
    [changes] = (folder / "root/dist").glob("*.changes")
    told = chroot.run(folder, "lintian", "--allow-root", "--fail-on", "error", f"/root/dist/{changes.name}")
    assert (told.returncode, told.stdout) == (0, ""), told.stdout + told.stderr
    kmods = ran(folder, "modprobe", "--version")
    main, in_place = sorted(
        (str(it)[len(str(folder)) :] for it in (folder / "root/dist").glob("*.deb")), key=len
    )
    ran(folder, "dpkg", "-i", main)
    assert "1 of 1 load" in ran(folder, "pymodutils", *CHECK)
    assert ran(folder, "modprobe", "--version") == kmods  # nothing is replaced unless it is asked for
    ran(folder, "dpkg", "-i", in_place)
    assert "pymodutils" in ran(folder, "modprobe", "--version")
    assert "pymodutils" in ran(folder, "lsmod", "--version")
    an_initramfs_gets_the_modprobe_of_kmod(folder)
    ran(folder, "dpkg", "-P", "pymodutils-kmod", "pymodutils")
    assert ran(folder, "modprobe", "--version") == kmods
    assert "pymodutils" not in ran(folder, "dpkg-divert", "--list")
    assert not [it for it in folder.glob("usr/**/*pymodutils*") if "doc" not in it.parts]


def an_initramfs_gets_the_modprobe_of_kmod(folder: Path) -> None:
    tools = unpacked("initramfs-tools-core") / "usr/share/initramfs-tools"
    shutil.copy(tools / "hook-functions", folder / "usr/share/initramfs-tools")
    (folder / "root/initramfs/usr/sbin").mkdir(parents=True)
    (folder / "root/initramfs/sbin").symlink_to("usr/sbin")
    (folder / "root/initramfs/sbin/modprobe").symlink_to("../bin/pymodutils")  # as mkinitramfs has left it
    ran(folder, "env", "DESTDIR=/root/initramfs", "verbose=n", INITRAMFS)
    assert (folder / "root/initramfs/sbin/modprobe").read_bytes().startswith(b"\x7fELF")
    (folder / "usr/share/initramfs-tools/hook-functions").unlink()
