"""--sysroot with absolute links and paths: never the host's files.

Every file has a decoy on the host, at the path named in the image; its contents contain the word decoy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.depends.depmod.made import VERSION, module
from tests.oracles.modprobe import Said, here

MODULES = f"lib/modules/{VERSION}"
LINKS = {  # in the image -> below the folder that it and the host have under one path
    "etc/modprobe.d/linked.conf": "alternatives/modprobe.conf",
    "etc/depmod.d/linked.conf": "alternatives/depmod.conf",
    "lib": "usr/lib",
}
INSIDE = {  # the same in the module directory
    "weak-updates/weak.ko": "old/weak.ko",
    "host": "old/host",
    "modules.builtin.modinfo": "old/modinfo",
    "modules.builtin": "old/builtin",
}


class Image(NamedTuple):
    root: Path
    same: Path  # on the host

    @property
    def inside(self) -> Path:
        """The path in the image that corresponds to ``same`` on the host."""
        return self.root / str(self.same).lstrip("/")

    def run(self, tool: str, *words: str) -> Said:
        said = here("--sysroot", str(self.root), *words, tool=tool)
        assert "decoy" not in said.out + said.err
        return said


def side(folder: Path, same: Path, word: str) -> None:
    """The files in ``folder`` at the paths ``same``, each containing ``word``."""
    files = {
        "alternatives/modprobe.conf": f"options weak side={word}\n".encode(),
        "alternatives/depmod.conf": f"external * {same}/external\n".encode(),
        f"usr/{MODULES}/kernel/plain.ko": module(info=[f"alias={word}-plain".encode()]),
        f"usr/{MODULES}/modules.order": b"",
        "old/weak.ko": module(info=[f"alias={word}-weak".encode()], exports={b"weak": 1}),
        "old/host/linked.ko": module(info=[f"alias={word}-linked".encode()], needs=[b"weak"]),
        "old/modinfo": f"part.license={word}\0part.alias={word}-part\0".encode(),
        "old/builtin": b"kernel/part.ko\n",
        "external/external.ko": module(info=[f"alias={word}-external".encode()]),
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.fixture
def image(tmp_path: Path) -> Iterator[Image]:
    made = Image(tmp_path / "image", tmp_path / "same")
    side(made.same, made.same, "decoy")
    side(made.inside, made.same, "image")
    modules = made.inside / "usr" / MODULES
    for top, links in ((made.root, LINKS), (modules, INSIDE)):
        for link, target in links.items():
            place = top / link
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(made.same / target)
    yield made
    assert not (made.same / "usr" / MODULES / "modules.dep").exists()


def test_depmod(image: Image) -> None:
    assert image.run("depmod", VERSION) == ("", "", 0)
    modules = image.inside / "usr" / MODULES
    dep = (modules / "modules.dep").read_text()
    assert sorted(dep.splitlines()) == [
        f"{image.same}/external/external.ko:",
        "host/linked.ko: weak-updates/weak.ko",
        "kernel/plain.ko:",
        "weak-updates/weak.ko:",
    ]
    aliases = (modules / "modules.alias").read_text().split()
    assert sorted(word for word in aliases if "-" in word) == [
        "image-external",
        "image-linked",
        "image-plain",
        "image-weak",
    ]
    assert b"mage_part" in (modules / "modules.builtin.alias.bin").read_bytes()
    assert image.run("depmod", "-A", VERSION) == ("", "", 0)
    assert image.run("depmod", "--check", VERSION).status == 0


def test_modprobe(image: Image) -> None:
    image.run("depmod", VERSION)
    said = image.run("modprobe", "-S", VERSION, "-D", "linked")
    assert said.out.splitlines() == [
        f"insmod {image.inside}/old/weak.ko side=image ",
        f"insmod {image.inside}/old/host/linked.ko ",
    ]
    assert image.run("modprobe", "-S", VERSION, "-D", "external").out == (
        f"insmod {image.inside}/external/external.ko \n"
    )
    assert "options weak side=image" in image.run("modprobe", "-S", VERSION, "-c").out
    explained = image.run("modprobe", "-S", VERSION, "--explain", "linked").out
    assert f"({image.inside}/alternatives/modprobe.conf:1)" in explained


@pytest.mark.parametrize(
    ("name", "alias"),
    [("weak", "image-weak"), ("linked", "image-linked"), ("external", "image-external")],
)
def test_modinfo(image: Image, name: str, alias: str) -> None:
    image.run("depmod", VERSION)
    assert image.run("modinfo", "-k", VERSION, "-F", "alias", name).out == f"{alias}\n"


def test_modinfo_of_what_is_built_in(image: Image) -> None:
    image.run("depmod", VERSION)
    assert image.run("modinfo", "-k", VERSION, "-F", "license", "part").out == "image\n"


def test_the_others(image: Image) -> None:
    image.run("depmod", VERSION)
    assert image.run("graph", "-k", VERSION, "linked").out == "linked  host/linked.ko\n└── weak\n"
    (image.root / "proc/sys/kernel").mkdir(parents=True)
    (image.root / "proc/sys/kernel/osrelease").write_text(f"{VERSION}\n")
    (image.inside / "usr" / MODULES / "modules.devname").write_text("plain image c10:1\n")
    assert "image" in image.run("static-nodes", "-f", "devname").out
    assert "built" in image.run("rmmod", "part").err


def test_a_loop_is_an_error_of_one_line(image: Image) -> None:
    (image.root / "etc/modprobe.d/loop.conf").symlink_to("/etc/modprobe.d/loop.conf")
    said = image.run("modprobe", "-S", VERSION, "-c")
    assert "Cannot stat directory entry" in said.err
    os.unlink(image.root / "lib")
    (image.root / "lib").symlink_to("/lib")
    said = image.run("modprobe", "-S", VERSION, "-D", "weak")
    assert (said.err.count("\n"), said.status) == (1, 1)
    assert "Too many levels of symbolic links" in said.err


@pytest.mark.parametrize("lib", ["absent", "without the release", "whole"])
def test_usr_lib_modules(lib: str, tmp_path: Path) -> None:
    usr = tmp_path / "usr" / MODULES
    (usr / "kernel").mkdir(parents=True)
    (usr / "kernel/one.ko").write_bytes(module())
    if lib != "absent":
        (tmp_path / "lib/modules").mkdir(parents=True)
    if lib == "whole":
        (tmp_path / MODULES).mkdir()
    assert here("--sysroot", str(tmp_path), VERSION, tool="depmod").status == 0
    assert (usr / "modules.dep").exists() is (lib != "whole")
    assert (tmp_path / MODULES / "modules.dep").exists() is (lib == "whole")
