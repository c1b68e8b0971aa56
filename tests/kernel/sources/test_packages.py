"""Packages by dpkg-deb and rpmbuild; damaged ones are refused in one line."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from pymodutils.errors import ModutilsError
from pymodutils.kernel.description import Description
from pymodutils.kernel.sources import limits, source
from tests.kernelimage import build
from tests.oracles import rpm
from tests.oracles.debian import newest, unpacked

CONTROL = "Package: k\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"
CONFIG = """# Linux/x86 6.1.0 Kernel Configuration
CONFIG_X86_64=y
CONFIG_SMP=y
CONFIG_MODULES=y
CONFIG_MODULE_UNLOAD=y
CONFIG_MODVERSIONS=y
"""
KERNEL = build.raw(build.Shape(), build.rows(), 0x80100000)


def tree(folder: Path, image: str, config: str) -> Path:
    """The files of a package: an image, its configuration, and irrelevant ones."""
    for path, content in ((image, KERNEL), (config, CONFIG.encode()), ("usr/share/doc/k/README", b"read me")):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


def deb(folder: Path, compression: str) -> Path:
    if not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb on this machine")
    files = tree(folder / "tree", "boot/vmlinuz-6.1.0-test", "boot/config-6.1.0-test")
    (files / "DEBIAN").mkdir()
    (files / "DEBIAN/control").write_text(CONTROL)
    package = folder / "k.deb"
    subprocess.run(["dpkg-deb", f"-Z{compression}", "-b", files, package], check=True, capture_output=True)
    return package


def check(told: Description) -> None:
    assert told.release == build.RELEASE
    assert len(told.exports) == len(build.rows())
    assert told.switches["KALLSYMS"] is False
    assert told.conflicts == ()
    assert len(told.sources) == 2


@pytest.mark.parametrize("compression", ["xz", "zstd", "gzip", "none"])
def test_debian_packages(compression: str, tmp_path: Path) -> None:
    package = deb(tmp_path, compression)
    check(source.describe([str(package)]))
    package.rename(tmp_path / "without-an-ending")  # what it is stands in it
    check(source.describe([str(tmp_path / "without-an-ending")]))


@pytest.mark.lane
@pytest.mark.parametrize("payload", ["w6.xzdio", "w3.zstdio", "w9.gzdio", "w9.bzdio", "w9.lzdio"])
def test_rpm_packages(payload: str, tmp_path: Path) -> None:
    modules = "lib/modules/6.1.0-test"  # where Fedora has them
    files = tree(tmp_path / "tree", f"{modules}/vmlinuz", f"{modules}/config")
    check(source.describe([str(rpm.build(files, payload, tmp_path))]))


@pytest.mark.lane
@pytest.mark.slow
def test_a_whole_package_of_debian(tmp_path: Path) -> None:
    folder = unpacked(newest("linux-image-cloud-amd64"))
    files = tmp_path / "tree"
    shutil.copytree(folder, files, symlinks=True, ignore=shutil.ignore_patterns("net", "drivers"))
    (files / "DEBIAN").mkdir()
    (files / "DEBIAN/control").write_text(CONTROL)
    subprocess.run(
        ["dpkg-deb", "-Zzstd", "-z1", "-b", files, tmp_path / "k.deb"], check=True, capture_output=True
    )
    packed, plain = source.describe([str(tmp_path / "k.deb")]), source.describe([str(files)])
    assert packed._replace(sources=()) == plain._replace(sources=())
    assert packed.module_size == 896


def damaged(whole: bytes, chance: random.Random, start: int, end: int) -> bytes:
    """``whole`` with random bytes between ``start`` and ``end``, perhaps truncated."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(start, end)] = chance.randrange(256)
    return bytes(data[: chance.choice([len(data), chance.randrange(8, len(data))])])


@pytest.mark.parametrize("compression", ["xz", "zstd", "gzip", "none"])
def test_damage_is_one_line(compression: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.current, "bytes", 64 << 20)
    whole = deb(tmp_path, compression).read_bytes()
    chance = random.Random(compression)  # noqa: S311
    place = tmp_path / "damaged.deb"
    for turn in range(80):
        place.write_bytes(damaged(whole, chance, 8, len(whole) if turn % 2 else 1200))
        try:
            source.describe([str(place)])
        except ModutilsError as error:
            assert "\n" not in str(error)  # noqa: PT017 -- a refusal is one of two good ends
            assert str(place) in str(error)  # noqa: PT017


@pytest.mark.lane
def test_damaged_rpms_are_refused_in_one_line(tmp_path: Path) -> None:
    files = tree(tmp_path / "tree", "boot/vmlinuz-6.1.0-test", "boot/config-6.1.0-test")
    whole = rpm.build(files, "w1.gzdio", tmp_path).read_bytes()
    chance = random.Random(0)  # noqa: S311
    place = tmp_path / "damaged.rpm"
    for turn in range(200):
        place.write_bytes(damaged(whole, chance, 4, len(whole) if turn % 2 else 200))
        try:
            source.describe([str(place)])
        except ModutilsError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_package_without_a_kernel_says_so(tmp_path: Path) -> None:
    files = tmp_path / "tree/DEBIAN"
    files.mkdir(parents=True)
    (files / "control").write_text(CONTROL)
    subprocess.run(["dpkg-deb", "-b", files.parent, tmp_path / "k.deb"], check=True, capture_output=True)
    with pytest.raises(ModutilsError, match="holds nothing that describes a kernel"):
        source.describe([str(tmp_path / "k.deb")])


def test_a_metapackage_says_which_packages_to_give(tmp_path: Path) -> None:
    if not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb on this machine")
    files = tmp_path / "tree"
    (files / "DEBIAN").mkdir(parents=True)
    depends = (
        "Depends: dracut | initramfs-tools (>= 0.1),\n linux-base-1 (= 1), linux-binary-1, linux-modules-1\n"
    )
    (files / "DEBIAN/control").write_text(CONTROL + depends)
    package = tmp_path / "k.deb"
    subprocess.run(["dpkg-deb", "-b", files, package], check=True, capture_output=True)
    with pytest.raises(ModutilsError) as error:
        source.describe([str(package)])
    wanted = "it is a metapackage: give what it depends on: linux-base-1, linux-binary-1, linux-modules-1"
    assert str(error.value) == f"{package}: {wanted}"
