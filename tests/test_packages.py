"""Release packages in clean systems of Debian, with Python 3.11, 3.13 and 3.14."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pymodutils.elf import compress
from tests.oracles import chroot, kernels, registry
from tests.oracles.trees import link

REPOSITORY = Path(__file__).parent.parent
PYTHONS = {"bookworm": "3.11", "trixie": "3.13", "forky": "3.14"}
PACKAGES = (
    *("python3-venv", "debhelper", "dh-python", "python3-all", "lintian"),  # to build
    *("python3-click", "python3-rich", "python3-networkx", "python3-pyelftools", "python3-lz4"),  # to run
    *("python3-pytest", "initramfs-tools-core", "dracut-core", "zstd"),  # to be used with
)
TRY = "/root/try"
LISTED = """lsinitramfs -l /root/{}.img | awk '$1 !~ /^c/ {{ print $9, $10, $11, $1 }}' |
    sed 's, /bin/kmod , ../bin/kmod ,; /modules.weakdep/d' | sort"""  # kmod 30 writes no modules.weakdep
DRIVERS = ("ext4", "virtio_net", "bonding")
PACKED = ("hello.ko", "hello.ko.zst")
CHECK = ("check", "--no-cache", "--kernel", f"{TRY}/6.1.json", f"{TRY}/hello.ko")
pytestmark = [pytest.mark.lane, pytest.mark.slow]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of ``make dist`` without Debian's tools."""
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
    """The Python of a clean system, and its folder, with ``dist`` and modules to check in /root."""
    folder = chroot.made(tmp_path / "system", request.param, PACKAGES, ours=False)
    shutil.copytree(dist, folder / "root/dist")
    shutil.copytree(REPOSITORY / "demo/try", folder / TRY.lstrip("/"))
    python = PYTHONS[request.param]
    assert ran(folder, "python3", "--version").startswith(f"Python {python}.")
    return python, folder


def test_what_a_release_has(system: tuple[str, Path]) -> None:
    """One system for all tests, each of which restores it."""
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
    every = map(Requirement, project["project"]["dependencies"])
    needed = [it for it in every if it.marker is None or it.marker.evaluate({"python_version": python})]
    wanted = [f"{it.name}{it.specifier}" for it in needed]
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
    release = kernel_with_modules(folder)
    images = built_initramfs(folder, release)
    main, in_place = sorted(
        (str(it)[len(str(folder)) :] for it in (folder / "root/dist").glob("*.deb")), key=len
    )
    ran(folder, "dpkg", "-i", main)
    assert "1 of 1 load" in ran(folder, "pymodutils", *CHECK)
    assert ran(folder, "modprobe", "--version") == kmods  # nothing is replaced unless it is asked for
    zstd_and_the_plugin_of_pytest(folder)
    ran(folder, "dpkg", "-i", in_place)
    assert "pymodutils" in ran(folder, "modprobe", "--version")
    assert "pymodutils" in ran(folder, "lsmod", "--version")
    assert built_initramfs(folder, release) == images
    ran(folder, "dpkg", "-P", "pymodutils-kmod", "pymodutils")
    assert ran(folder, "modprobe", "--version") == kmods
    assert "pymodutils" not in ran(folder, "dpkg-divert", "--list")
    assert not [it for it in folder.glob("usr/**/*pymodutils*") if "doc" not in it.parts]


def zstd_and_the_plugin_of_pytest(folder: Path) -> None:
    module = folder / TRY.lstrip("/") / "hello.ko"
    module.with_suffix(".ko.zst").write_bytes(compress.zstd().compress(module.read_bytes()))
    ours, packed = (ran(folder, "pymodutils", "modinfo", "-F", "vermagic", f"{TRY}/{it}") for it in PACKED)
    assert packed == ours != ""
    (folder / "root/test_it.py").write_text(
        "def test_it(pytestconfig):\n    assert 'module(path' in str(pytestconfig.getini('markers'))\n"
    )
    said = ran(folder, "python3", "-m", "pytest", "-p", "no:cacheprovider", "/root/test_it.py")
    assert "plugins: pymodutils-" in said
    assert "1 passed" in said


def built_initramfs(folder: Path, release: str) -> dict[str, list[str]]:
    """Name, target and mode of the files in the images of initramfs-tools and dracut."""
    drivers = " ".join(DRIVERS)
    script = f"""
        mkinitramfs -d /root/conf -o /root/mkinitramfs.img {release}
        dracut --quiet --force --no-hostonly --no-compress \\
            --add-drivers "{drivers}" --kver {release} /root/dracut.img
    """
    ran(folder, "sh", "-ec", script)
    return {
        builder: ran(folder, "sh", "-ec", LISTED.format(builder)).splitlines()
        for builder in ("mkinitramfs", "dracut")
    }


def kernel_with_modules(folder: Path) -> str:
    """The release of a kernel whose modules are installed, for images of a few of them."""
    kernel = kernels.kernel("cloud-amd64")
    place = folder / "usr/lib/modules" / kernel.release
    shutil.copytree(kernel.modules, place, symlinks=True, copy_function=link)
    shutil.copy(next(kernel.image.parent.glob("config-*")), folder / "boot")
    shutil.copytree(folder / "etc/initramfs-tools", folder / "root/conf", symlinks=True)
    configuration = folder / "root/conf/initramfs.conf"
    configuration.write_text(configuration.read_text().replace("MODULES=most", "MODULES=list"))
    (folder / "root/conf/modules").write_text("\n".join(DRIVERS) + "\n")
    ran(folder, "depmod", kernel.release)
    return kernel.release
