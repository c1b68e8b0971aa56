"""A machine with several of Debian's kernels installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.oracles.debian import cache, locked, newest, unpacked
from tests.oracles.trees import link

KERNELS: Final = {  # short name -> metapackage, suite, architecture
    "6.1": ("linux-image-amd64", "bookworm", "amd64"),
    "6.12": ("linux-image-amd64", "trixie", "amd64"),
    "7.2": ("linux-image-amd64", "forky", "amd64"),
    "6.1-cloud": ("linux-image-cloud-amd64", "bookworm", "amd64"),
    "6.12-cloud": ("linux-image-cloud-amd64", "trixie", "amd64"),
    "7.2-cloud": ("linux-image-cloud-amd64", "forky", "amd64"),
    "6.1-arm64": ("linux-image-arm64", "bookworm", "arm64"),
    "6.12-arm64": ("linux-image-arm64", "trixie", "arm64"),
}
UPGRADES: Final = ("6.1", "6.12", "7.2", "7.2-cloud")
PARTS: Final = ("base", "binary", "modules")  # packages of one kernel, of Debian's since 7.1


def installed(names: Sequence[str] = UPGRADES) -> tuple[Path, dict[str, str]]:
    """The root of a machine, read only, and the releases of ``names`` of KERNELS; raises Unavailable."""
    packages = {name: newest(*KERNELS[name]) for name in names}
    releases = {name: it.removeprefix("linux-image-") for name, it in packages.items()}
    root = cache() / "copies" / f"upgrade-{'-'.join(releases.values())}"
    folders = [folder for name, it in packages.items() for folder in _folders(it, *KERNELS[name][1:])]
    with locked("upgrade"):
        if not root.is_dir():
            partial = root.with_name(f"{root.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            for folder in folders:
                _install(folder, partial)
            for release in releases.values():
                words = [sys.executable, "-m", "pymodutils", "depmod", "-b", str(partial), release]
                subprocess.run(words, check=True, cwd=Path(__file__).parents[2])
            partial.rename(root)
    return root, releases


def _folders(image: str, suite: str, arch: str) -> list[Path]:
    if suite == "forky":
        return [unpacked(image.replace("image", part), suite, arch) for part in PARTS]
    return [unpacked(image, suite, arch)]


def _install(package: Path, root: Path) -> None:
    """Put kernel and modules of ``package`` below ``root``, modules as hard links, lib as /usr/lib."""
    for top, place in (("boot", "boot"), ("lib/modules", "lib/modules"), ("usr/lib/modules", "lib/modules")):
        if (package / top).is_dir():
            shutil.copytree(
                package / top, root / place, symlinks=True, copy_function=link, dirs_exist_ok=True
            )
