"""Inputs of check: files, directories, packages and archives; errors for others."""

from __future__ import annotations

import io
import lzma
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from pymodutils import ModutilsError, check
from tests.checks.made import Desk
from tests.oracles import rpm
from tests.oracles.debian import Unavailable


def names(*words: str, desk: Desk) -> list[str]:
    return [verdict.module for verdict in desk.report(*words).verdicts]


def archive(path: Path, members: dict[str, bytes], mode: Any) -> str:
    with tarfile.open(path, mode) as out:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return str(path)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_tar_archives(desk: Desk, mode: str) -> None:
    content = Path(desk.module()).read_bytes()
    path = archive(desk.folder / "x.tar", {"deep/made.ko": content, "readme": b"x"}, mode)
    verdict = desk.verdict(path)
    assert (verdict.module, verdict.loads, verdict.path) == ("made", True, f"{path}:deep/made.ko")


def test_names_that_leave_the_archive_stay_inside(desk: Desk) -> None:
    content = Path(desk.module()).read_bytes()
    path = archive(desk.folder / "x.tar", {"../../../made.ko": content, "/made.ko": content}, "w")
    assert names(path, desk=desk) == ["made", "made"]
    assert sorted(it.name for it in desk.folder.iterdir()) == ["kernel.json", "made.ko", "x.tar"]


@pytest.mark.parametrize("tool", ["gzip", "xz", "zstd"])
def test_compressed_modules(desk: Desk, tool: str) -> None:
    if not shutil.which(tool):
        raise Unavailable(f"no {tool}")
    end = {"gzip": "gz", "xz": "xz", "zstd": "zst"}[tool]
    packed = subprocess.run([tool, "-c", desk.module()], capture_output=True, check=True).stdout
    assert desk.verdict(desk.file(f"made.ko.{end}", packed)).loads


def test_a_debian_package(desk: Desk) -> None:
    if not shutil.which("dpkg-deb"):
        raise Unavailable("no dpkg-deb")
    top = desk.folder / "package"
    (top / "DEBIAN").mkdir(parents=True)
    (top / "DEBIAN/control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n"
    )
    desk.file("package/lib/modules/6.1.0-made/updates/dkms/made.ko", Path(desk.module()).read_bytes())
    path = str(desk.folder / "x.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", top, path], capture_output=True, check=True)
    verdict = desk.verdict(path)
    assert verdict.loads
    assert verdict.path == f"{path}:lib/modules/6.1.0-made/updates/dkms/made.ko"
    (top / "lib/modules/6.1.0-made/updates/dkms/made.ko").unlink()
    (top / "usr/src/made-1").mkdir(parents=True)
    (top / "usr/src/made-1/dkms.conf").write_text("PACKAGE_NAME=made\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", top, path], capture_output=True, check=True)
    with pytest.raises(ModutilsError, match=r"it contains module source.*dkms build -k RELEASE"):
        desk.report(path)


@pytest.mark.lane
@pytest.mark.parametrize("payload", ["w9.gzdio", "w6.xzdio", "w3.zstdio", "w9.bzdio"])
def test_an_rpm_package(desk: Desk, payload: str) -> None:
    tree = desk.folder / "tree"
    content = Path(desk.module()).read_bytes()
    desk.file("tree/lib/modules/6.1.0-made/extra/made.ko", content)
    desk.file("tree/lib/modules/6.1.0-made/extra/two.ko.xz", lzma.compress(content))
    desk.file("tree/etc/made.conf", b"x=1")
    path = str(rpm.build(tree, payload, desk.folder))
    report = desk.report(path)
    assert report.ok
    assert [it.path for it in report.verdicts] == [
        f"{path}:lib/modules/6.1.0-made/extra/{name}" for name in ("made.ko", "two.ko.xz")
    ]


@pytest.mark.lane
def test_an_rpm_package_with_source_or_cut_short(desk: Desk) -> None:
    desk.file("tree/usr/src/made-1/dkms.conf", b"PACKAGE_NAME=made\n")
    path = rpm.build(desk.folder / "tree", "w9.gzdio", desk.folder)
    with pytest.raises(ModutilsError, match=r"it contains module source.*dkms build -k RELEASE"):
        desk.report(str(path))
    desk.file("tree/usr/src/made-1/made.ko", Path(desk.module()).read_bytes())
    whole = rpm.build(desk.folder / "tree", "w9.gzdio", desk.folder).read_bytes()
    for size in (50, 120, len(whole) - 100):
        short = desk.file("short.rpm", whole[:size])
        with pytest.raises(ModutilsError, match=r"^/\S+/short\.rpm: [^\n]+: fetch it again$"):
            desk.report(short)


def test_a_truncated_package(desk: Desk) -> None:
    content = Path(desk.module()).read_bytes()
    path = Path(archive(desk.folder / "x.tar", {"made.ko": content}, "w:gz"))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ModutilsError, match=r"x\.tar: it.*: fetch it again$"):
        desk.report(str(path))


def test_directories_are_looked_through(desk: Desk) -> None:
    content = Path(desk.module()).read_bytes()
    desk.file("modules/a/made.ko", content)
    desk.file("modules/b/other.ko", content)
    desk.file("modules/b/notes.txt", b"")
    report = check([str(desk.folder / "modules")], desk.kernel(), cached=False)
    assert [it.path.removeprefix(str(desk.folder)) for it in report.verdicts] == [
        "/modules/a/made.ko",
        "/modules/b/other.ko",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "unknown format"),
        (b"#!/bin/sh\n" * 100, "unknown format"),
        (b"\x1f\x8b" + bytes(100), "unknown format"),
        (b"!<arch>\ndebian-binary   ", "not a Debian package"),
    ],
)
def test_what_is_no_module(desk: Desk, content: bytes, said: str) -> None:
    path = desk.file("thing", content)
    with pytest.raises(ModutilsError, match=said) as caught:
        desk.report(path)
    assert str(caught.value).startswith(path)


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n"])
def test_what_is_only_called_a_module(desk: Desk, content: bytes) -> None:
    with pytest.raises(ModutilsError, match=r"thing\.ko: not an ELF file, so not a kernel module: give a"):
        desk.report(desk.file("thing.ko", content))


def test_names_that_nothing_has_are_not_passed_over(desk: Desk) -> None:
    with pytest.raises(ModutilsError, match="--params mode: no module has that name"):
        desk.report(desk.module(), params={"mode": "a=1"})
    with pytest.raises(ModutilsError, match="/nosuch: not a directory: give a firmware directory"):
        desk.report(desk.module(), firmware="/nosuch")


def test_parameters_may_be_those_of_a_needed_module(desk: Desk) -> None:
    exporter = desk.module("exporter", exports=["given"])
    user = desk.module("user", imports=["given"], versions={"given": 0x100})
    assert desk.verdict(user, more=[exporter], params={"exporter": "a=1"}).loads


def test_an_empty_folder_and_nothing_at_all(desk: Desk) -> None:
    (desk.folder / "empty").mkdir()
    with pytest.raises(ModutilsError, match=r"it contains no modules \(\.ko\): give a \.ko, a directory"):
        desk.report(str(desk.folder / "empty"))
    with pytest.raises(ModutilsError, match=r"No such file or directory: give a \.ko"):
        desk.report(str(desk.folder / "nosuch"))


def test_kernels_that_say_too_little(desk: Desk) -> None:
    path = desk.module()
    with pytest.raises(
        ModutilsError, match=r"it lists no exported symbols.*add an image or a Module\.symvers"
    ):
        desk.report(path, kernel=desk.kernel(exports={}))
    with pytest.raises(ModutilsError, match="does not give the architecture"):
        desk.report(path, kernel=desk.kernel(machine=None))
    with pytest.raises(ModutilsError, match="no file matches"):
        desk.report(path, kernel=str(desk.folder / "nosuch-*"))
    with pytest.raises(ModutilsError, match=r"no Linux kernel in it: give a vmlinuz, Image or vmlinux file$"):
        desk.report(path, kernel=desk.file("vmlinuz", b"MZ" + bytes(4000)))


def test_a_pattern_and_equal_releases(desk: Desk) -> None:
    desk.kernel("k1")
    desk.kernel("k2")
    report = desk.report(desk.module(), kernel=str(desk.folder / "k*.json"))
    assert [kernel.label for kernel in report.kernels] == [
        f"6.1.0-made ({desk.folder}/{name}.json)" for name in ("k1", "k2")
    ]


def test_a_pipe_among_modules_gets_its_own_verdict(desk: Desk) -> None:
    folder = Path(desk.module()).parent
    os.mkfifo(folder / "pipe.ko")
    (folder / "device.ko").symlink_to("/dev/zero")
    report = check(str(folder), desk.kernel())
    found = {verdict.module: [it.message for it in verdict.findings] for verdict in report.verdicts}
    for name in ("pipe", "device"):
        assert any("is not a regular file" in text for text in found[name])
    assert not any("regular" in text for text in found["made"])
