"""The hook in the real dkms, which builds v4l2loopback for two kernels: fits, missing, broken."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.oracles import chroot
from tests.oracles.debian import newest, unpacked
from tests.oracles.trees import link

pytestmark = [pytest.mark.lane, pytest.mark.slow]
BUILD = ("dkms", "gcc", "make", "libc6-dev", "libelf1")
MODULE = "v4l2loopback/0.12.7"
SOURCE = "usr/src/v4l2loopback-0.12.7"
TREES = ("boot", "lib/modules", "usr/src", "usr/lib/linux-kbuild-6.1")
BROKEN = "#ifdef CONFIG_PREEMPT_RT\n#error broken on purpose\n#endif\n"


class System:
    """A system that runs ``old`` and has ``new`` installed, with the headers of both."""

    def __init__(self, folder: Path) -> None:
        self.folder = chroot.made(folder, more=BUILD)
        self.old, self.new = (
            newest(f"linux-image-{flavour}").removeprefix("linux-image-") for flavour in ("amd64", "rt-amd64")
        )
        common = f"linux-headers-{self.old.removesuffix('-amd64')}-common"
        flavours = [f"linux-{kind}-{it}" for it in (self.old, self.new) for kind in ("image", "headers")]
        for package in (*flavours, common, f"{common}-rt", "linux-kbuild-6.1"):
            self._unpack(unpacked(package))
        for release in (self.old, self.new):
            self.run("depmod", release)
        shutil.copytree(unpacked("v4l2loopback-dkms") / SOURCE, folder / SOURCE)
        self.code = folder / SOURCE / "v4l2loopback.c"

    def _unpack(self, package: Path) -> None:
        for top in TREES:
            if (package / top).is_dir():
                shutil.copytree(
                    package / top, self.folder / top, symlinks=True, copy_function=link, dirs_exist_ok=True
                )

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command in the system, whose /proc says that it runs ``old``."""
        return chroot.running(self.folder, self.old, *words, PYMODUTILS_SYSROOT="/", **environment)

    def pymodutils(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run("python3", "-m", "pymodutils", *words)

    def build(self, release: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Build and install the module for ``release`` again."""
        self.run("dkms", "remove", MODULE, "-k", release)
        return self.run("dkms", "install", MODULE, "-k", release, *words, **more)


def test_dkms_builds_and_the_hook_tells(tmp_path: Path) -> None:
    """One system for all steps, in this order."""
    system = System(tmp_path / "system")
    assert system.run("dkms", "add", MODULE).returncode == 0
    done = system.pymodutils("hooks", "install", "dkms")
    assert done.returncode == 0, done.stderr
    assert "/etc/dkms/v4l2loopback.conf" in done.stdout
    system.pymodutils("preflight", "-k", system.new, "--no-boot")  # describes the kernels, which takes time

    done = system.build(system.old)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Running the post_install script" in done.stdout
    assert "pymodutils:" not in done.stderr

    code = system.code.read_text()
    system.code.write_text(BROKEN + code)
    done = system.build(system.new)
    assert done.returncode != 0
    assert "Bad return status for module build" in done.stdout + done.stderr
    found = system.pymodutils("preflight", "-k", system.new)
    assert found.returncode == 1
    said = f"there is no build of v4l2loopback for {system.new}, and the old one does not load there"
    assert said in found.stdout.replace("\n    ", " ")

    system.code.write_text(code)
    wrong = ("--kernelsourcedir", f"/usr/src/linux-headers-{system.old}")
    told = f"pymodutils: {system.new}: v4l2loopback (out of tree): "
    done = system.build(system.new, *wrong)
    assert done.returncode == 0, done.stderr
    assert told in done.stderr, done.stderr + done.stdout
    assert f"it is built for {system.old}, the kernel is {system.new}" in done.stderr

    done = system.build(system.new)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "pymodutils:" not in done.stderr
    assert system.pymodutils("preflight", "-k", system.new).returncode == 0
    assert system.pymodutils("hooks", "remove").returncode == 0
    assert not list(system.folder.glob("etc/dkms/v4l2*"))
