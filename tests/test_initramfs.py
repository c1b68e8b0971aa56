"""docs/initramfs.md: our tools in PATH leave an image unchanged; in kmod's place they stop the build."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.oracles import kernels
from tests.oracles.container import Container

pytestmark = [pytest.mark.lane, pytest.mark.slow]
REPOSITORY = Path(__file__).parent.parent
TOOLS = ("modprobe", "modinfo", "depmod", "insmod", "rmmod", "lsmod")
FEW = "ext4\nvirtio_net\nbonding\n"


def test_mkinitramfs(tmp_path: Path) -> None:
    kernel = kernels.kernel("cloud-amd64")
    system, ours, conf = Container(tmp_path / "system"), tmp_path / "ours", tmp_path / "conf"
    ours.mkdir()
    for tool in TOOLS:
        script = f'#!/bin/sh\nPYTHONPATH={REPOSITORY} exec {sys.executable} -m pymodutils {tool} "$@"\n'
        (ours / tool).write_text(script)
        (ours / tool).chmod(0o755)
    prepare = f"""
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends initramfs-tools
        mkdir -p /usr/lib/modules
        cp -rs {kernel.modules} /usr/lib/modules/
        depmod {kernel.release}
        cp {kernel.image.parent}/config-* /boot
        cp -r /etc/initramfs-tools {conf}
        sed -i s/MODULES=most/MODULES=list/ {conf}/initramfs.conf
    """
    build = f"mkinitramfs -d {conf} -o {{}} {kernel.release} && lsinitramfs {{}} | sort"
    system.run(prepare, tmp_path, {})
    [hook] = re.findall(
        r"```sh\n(#!/bin/sh.*?)```", (REPOSITORY / "docs/initramfs.md").read_text(), re.DOTALL
    )
    (conf / "hooks/zz-kmod").write_text(hook)
    (conf / "hooks/zz-kmod").chmod(0o755)
    (conf / "modules").write_text(FEW)
    kmods = system.run(build.format("a", "a"), tmp_path, {})
    assert {"usr/bin/kmod", "usr/sbin/modprobe"} <= set(kmods.splitlines())
    assert "/bonding.ko" in kmods
    path = f"PATH={ours}:$PATH\n[ $(command -v modinfo) = {ours}/modinfo ]\n"
    assert system.run(path + build.format("b", "b"), tmp_path, {}) == kmods
    replaced = f"cp {ours}/modprobe /usr/sbin/modprobe.ours; ln -sf modprobe.ours /usr/sbin/modprobe\n"
    with pytest.raises(AssertionError, match="initramfs: /sbin/modprobe is not kmod"):
        system.run(replaced + build.format("c", "c"), tmp_path, {})
