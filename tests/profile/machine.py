"""A made machine below a sysroot: files of a kernel and a distribution."""

from __future__ import annotations

import os
from pathlib import Path

RELEASE = "6.1.0-made"
HOST = "workhorse"
UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
MAC = "52:54:00:12:34:56"
FILES = {
    "proc/sys/kernel/osrelease": RELEASE,
    "proc/sys/kernel/hostname": HOST,
    "proc/sys/kernel/arch": "x86_64",
    "proc/version": f"Linux version {RELEASE} (made@{HOST}) (cc) #1 SMP made",
    "proc/cmdline": f"root=UUID={UUID} ro quiet i915.fastboot=1 rd.luks.uuid={UUID} lockdown=integrity"
    f" netconsole.netconsole=@192.0.2.1/eth0,@192.0.2.2/{MAC} modprobe.blacklist=nouveau -- x.y=1\n",
    "proc/modules": "made 4096 0 - Live 0x0 (OE)\nnic 8192 1 helper, Live 0x0\nhelper 4096 0 - Live 0x0\n",
    "proc/filesystems": "nodev\tsysfs\nnodev\ttmpfs\n\text4\n\tvfat\n",
    "proc/self/mounts": "/dev/vda1 / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n",
    "proc/crypto": "name   : xts(aes)\ndriver : xts-aes-aesni\nmodule : aesni_intel\nrefcnt : 3\n"
    "\nname   : sha256\ndriver : sha256-generic\nmodule : kernel\nrefcnt : 1\n",
    "proc/keys": "1 I------ 1 perm 1f030000 0 0 asymmetri Made CA: X509.rsa 00deadbeef []\n",
    "etc/fstab": f"# a comment\nUUID={UUID} / ext4 defaults 0 1\n/dev/vdb /mnt ntfs3 noauto 0 0\n",
    "etc/modules": "# by hand\nipv6\n",
    "etc/modules-load.d/mine.conf": "; nothing\nv4l2loopback devices=1\n",
    "etc/modprobe.d/mine.conf": f"# of {HOST}\noptions nic addr={MAC} debug=1\n"
    "install bad /home/alice/bin/refuse\n",
    "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
    "sys/module/module/parameters/sig_enforce": "N\n",
    "sys/module/nic/parameters/debug": "1\n",
    "sys/module/nic/parameters/name": f"{HOST}-0\n",
    "sys/module/made/version": "2.0\n",
    "sys/block/dm-0/dm/uuid": f"CRYPT-LUKS2-{UUID}-home\n",
    "sys/devices/pci0000:00/0000:00:02.0/modalias": "pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00\n",
    "sys/devices/platform/board/modalias": "platform:board\n",
    f"lib/modules/{RELEASE}/modules.builtin": "kernel/fs/ext4/ext4.ko\n",
    "var/log/dmesg": "nic 0000:00:02.0: firmware: direct-loading firmware nic/first.bin\n",
    f"var/lib/dkms/made/2.0/{RELEASE}/x86_64/module/made.ko": "",
    "var/lib/dkms/made/2.0/source/dkms.conf": "",
}
LINKS = {
    "sys/devices/pci0000:00/0000:00:02.0/driver": "../../../bus/pci/drivers/nic_driver",
    "sys/devices/pci0000:00/0000:00:02.0/subsystem": "../../../bus/pci",
    "sys/bus/pci/drivers/nic_driver/module": "../../../../module/nic",
    "sys/devices/pnp0/00:01/driver": "../../../bus/pnp/drivers/rtc_cmos",
    "sys/devices/pnp0/00:01/subsystem": "../../../bus/pnp",
}


def make(root: Path) -> Path:
    """The machine below ``root``."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for folder in ("sys/bus/pnp/drivers/rtc_cmos", "sys/bus/pci/drivers/nic_driver"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, target in LINKS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, path)
    return root
