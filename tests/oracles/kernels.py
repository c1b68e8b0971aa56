"""Debian's kernels of many architectures with their headers."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pymodutils.kernel.sources import source
from pymodutils.link.layout import LayoutConfig
from tests.oracles.debian import newest, unpacked


class Kernel(NamedTuple):
    """A kernel: the folders of its unpacked packages."""

    image: Path  # boot/vmlinuz-RELEASE
    package: Path  # with the modules
    headers: Path  # with Module.symvers and .config
    architecture: str = "amd64"  # Debian's name

    @property
    def release(self) -> str:
        return self.image.name.partition("-")[2] or self.image.parent.name

    @property
    def modules(self) -> Path:
        old, new = (self.package / top / "modules" / self.release for top in ("lib", "usr/lib"))
        return old if old.is_dir() else new

    def symvers(self) -> dict[str, tuple[int | None, bool, str]]:
        """The kernel's exports in Module.symvers: CRC, GPL-only, namespace."""
        versions = self.config().get("MODVERSIONS") == "y"
        rows = [line.split("\t") for line in (self.headers / "Module.symvers").read_text().splitlines()]
        return {
            name: (int(crc, 16) if versions else None, kind == "EXPORT_SYMBOL_GPL", space)
            for crc, name, module, kind, space in rows
            if module == "vmlinux"
        }

    def layout(self) -> LayoutConfig:
        """The configuration for layout and relocations, including options known to be off."""
        major, minor = map(int, self.release.split(".")[:2])
        switches = source.describe([str(self.headers)]).switches
        return LayoutConfig(
            options={name: "y" if on else "n" for name, on in switches.items()}, release=(major, minor)
        )

    def config(self) -> dict[str, str]:
        """The options that are set."""
        lines = (self.headers / ".config").read_text().splitlines()
        return dict(
            line.removeprefix("CONFIG_").split("=", 1) for line in lines if line.startswith("CONFIG_")
        )


FLAVOURS = {  # name -> (end of the metapackages' names, suite, Debian's architecture)
    "amd64": ("amd64", "bookworm", "amd64"),
    "cloud-amd64": ("cloud-amd64", "bookworm", "amd64"),
    "trixie": ("cloud-amd64", "trixie", "amd64"),
    "forky": ("cloud-amd64", "forky", "amd64"),
    "arm64": ("arm64", "bookworm", "arm64"),
    "armhf": ("armmp", "bookworm", "armhf"),
    "i386": ("686", "bookworm", "i386"),
    "s390x": ("s390x", "bookworm", "s390x"),
    "ppc64el": ("powerpc64le", "bookworm", "ppc64el"),
    "mipsel": ("4kc-malta", "bookworm", "mipsel"),
    "mips64el": ("5kc-malta", "bookworm", "mips64el"),
    "riscv64": ("riscv64", "trixie", "riscv64"),
    "loong64": ("loong64", "forky", "loong64"),  # EFI zboot, __kflagstab, no MODVERSIONS
}

SAMPLED = {  # more of them, of which only some modules are looked at; the same columns
    "trixie-arm64": ("arm64", "trixie", "arm64"),
    "forky-arm64": ("arm64", "forky", "arm64"),
    "forky-riscv64": ("riscv64", "forky", "riscv64"),
}
BY_NAME = {  # and those that are looked at only by name: a gigabyte to fetch, an hour to check
    "bullseye": ("amd64", "bullseye", "amd64"),
    "rt": ("rt-amd64", "bookworm", "amd64"),
    "686-pae": ("686-pae", "bookworm", "i386"),
    "armmp-lpae": ("armmp-lpae", "bookworm", "armhf"),
    "cloud-arm64": ("cloud-arm64", "bookworm", "arm64"),
    "loongson-3": ("loongson-3", "bookworm", "mips64el"),
    "trixie-amd64": ("amd64", "trixie", "amd64"),
    "trixie-rt": ("rt-amd64", "trixie", "amd64"),
    "trixie-armhf": ("armmp", "trixie", "armhf"),
    "trixie-ppc64el": ("powerpc64le", "trixie", "ppc64el"),
    "trixie-s390x": ("s390x", "trixie", "s390x"),
    "forky-amd64": ("amd64", "forky", "amd64"),
    "forky-rt": ("rt-amd64", "forky", "amd64"),
    "forky-ppc64el": ("powerpc64le", "forky", "ppc64el"),
    "forky-s390x": ("s390x", "forky", "s390x"),
    "experimental": ("cloud-amd64", "experimental", "amd64"),  # what is not released yet
}
EVERY = {**FLAVOURS, **SAMPLED, **BY_NAME}


def kernel(name: str) -> Kernel:
    """One of EVERY, fetched if absent; raises Unavailable."""
    flavour, suite, arch = EVERY[name]
    headers = unpacked(newest(f"linux-headers-{flavour}", suite, arch), suite, arch)
    name = newest(f"linux-image-{flavour}", suite, arch)
    if suite in ("forky", "experimental"):  # image and modules are packages of their own
        binary, package = (
            unpacked(name.replace("image", kind), suite, arch) for kind in ("binary", "modules")
        )
        image = next(binary.glob("usr/lib/modules/*/vmlinuz"))
    else:
        package = unpacked(name, suite, arch)
        image = next(path for path in (package / "boot").iterdir() if path.name.startswith("vmlinu"))
    folder = next(path.parent for path in (headers / "usr/src").glob("*/Module.symvers"))
    return Kernel(image, package, folder, arch)
