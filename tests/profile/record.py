"""Record profiles of QEMU guests with Debian's kernels: ``python -m tests.profile.record``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pymodutils.depends.directory import ModuleDirectory
from tests.lanes import qemu
from tests.oracles import upgrade

GUESTS = Path(__file__).parent / "guests"
KERNELS = ("6.1-cloud", "6.12-cloud")  # of upgrade.KERNELS
DEVICES = ("virtio-rng-pci", "virtio-scsi-pci", "virtio-balloon-pci", "virtio-serial-pci", "nvme,serial=made")
MODULES = (  # what they and the board want, as far as a kernel has it
    *(
        "virtio_rng",
        "virtio_scsi",
        "virtio_balloon",
        "virtio_console",
        "virtio_pci",
        "nvme",
        "sd_mod",
        "sr_mod",
    ),
    *("ata_piix", "ata_generic", "button", "evdev", "serio_raw", "psmouse", "i2c_piix4", "tiny_power_button"),
)
LISTS = ("modules.order", "modules.builtin", "modules.builtin.modinfo")


def main() -> None:
    """Write the profile of each guest."""
    GUESTS.mkdir(exist_ok=True)
    for name in KERNELS:
        (GUESTS / f"{name}.json").write_text(recorded(name))


def recorded(name: str) -> str:
    """The profile of a guest under the kernel ``name``, as JSON; raises Unavailable."""
    root, releases = upgrade.installed(KERNELS)
    release = releases[name]
    with tempfile.TemporaryDirectory() as folder:
        tree = _some(root / "lib/modules" / release, Path(folder))
        image = root / f"boot/vmlinuz-{release}"
        told: str = qemu.run(
            "tests.lanes.guest.recorded:main",
            str(tree),
            files=[Path(folder)],
            image=image,
            cpu=qemu.LATER_CPU,
            devices=DEVICES,
        )
    return told


def _some(tree: Path, folder: Path) -> Path:
    """The module directory below ``folder`` with MODULES of ``tree`` and what they need, indexed."""
    target = folder / "lib/modules" / tree.name
    target.mkdir(parents=True)
    directory = ModuleDirectory(str(tree))
    entries = filter(None, map(directory.entry, MODULES))
    for path in {path for entry in entries for path in (entry.path, *entry.needs)}:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / path, target / path)
    for name in LISTS:
        shutil.copy(tree / name, target)
    words = [sys.executable, "-m", "pymodutils", "depmod", "-b", str(folder), tree.name]
    subprocess.run(words, check=True, cwd=Path(__file__).parents[2])
    return target


if __name__ == "__main__":
    main()
