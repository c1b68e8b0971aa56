"""Modules of Debian's DKMS packages, built for Debian's kernels and cached."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.oracles.debian import Unavailable, cache, newest, unpacked
from tests.oracles.headers import installed


def built(package: str, kernel: str) -> dict[str, Path]:
    """The modules of ``package`` by name, for the kernel ``linux-headers-KERNEL``.

    Raises Unavailable without make and gcc, RuntimeError if it does not build.
    """
    if not shutil.which("make") or not shutil.which("gcc-12"):
        raise Unavailable("no make or gcc-12 (packages make and gcc)")
    flavour = newest(f"linux-headers-{kernel}")
    folder = cache() / "dkms" / f"{package}-{flavour}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _build(unpacked(package), flavour, folder)
    return {path.stem: path for path in sorted(folder.glob("*.ko"))}


def _build(package: Path, flavour: str, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        conf = next((package / "usr/src").glob("*/dkms.conf"))
        work = top / "work"
        shutil.copytree(conf.parent, work)
        tree = installed(top, flavour)
        release = flavour.removeprefix("linux-headers-")
        words = ["make", "-s", "-C", str(tree), f"M={_source(work)}", "modules"]
        environment = {**os.environ, "KERNELRELEASE": release, "KVER": release, "kernelver": release}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
        modules = list(work.rglob("*.ko"))
        if done.returncode or not modules:
            raise RuntimeError(f"{package.name} does not build:\n{done.stderr[-4000:]}")
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for module in modules:
            shutil.copy(module, partial)
        partial.rename(folder)


def _source(work: Path) -> Path:
    """The folder with the Kbuild file: the top, or the only subfolder that has one."""
    if any((work / name).exists() for name in ("Kbuild", "Makefile")):
        return work
    return next(path.parent for path in sorted(work.rglob("Makefile")))
