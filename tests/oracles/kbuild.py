"""Modules built for Debian's cloud kernel by the kernel's own build system; its headers stay in the cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.oracles.debian import Unavailable, cache, newest, unpacked

SUITE, LINUX = "bookworm", "6.1"  # the suite whose compiler the machine has


def module(source: Path) -> Path:
    """``source``, one C file, as a module of the same name; kept in the cache by its content.

    Raises Unavailable without make and gcc.
    """
    if not shutil.which("make") or not shutil.which("gcc-12"):
        raise Unavailable("no make or gcc-12 (packages make and gcc)")
    flavour = newest("linux-headers-cloud-amd64", SUITE)
    key = hashlib.sha256(flavour.encode() + source.read_bytes()).hexdigest()[:16]
    folder = cache() / "kbuild" / f"{source.stem}-{key}"
    built = folder / f"{source.stem}.ko"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            folder.mkdir(exist_ok=True)
            built.write_bytes(_build(source, flavour))
    return built


def _build(source: Path, flavour: str) -> bytes:
    with tempfile.TemporaryDirectory() as path:
        folder = headers(Path(path), flavour)
        work = Path(path) / "work"
        work.mkdir()
        shutil.copy(source, work)
        (work / "Makefile").write_text(f"obj-m := {source.stem}.o\n")
        words = ["make", "-s", "-C", str(folder), f"M={work}", "modules"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{source.name} does not build:\n{done.stderr[-4000:]}")
        return (work / f"{source.stem}.ko").read_bytes()


def headers(top: Path, flavour: str) -> Path:
    """The headers of ``flavour`` below ``top`` as if they were installed, which they name by /usr/src."""
    common = "-".join([*flavour.split("-")[:4], "common"])  # linux-headers-RELEASE-ABI
    tools = unpacked(f"linux-kbuild-{LINUX}", SUITE) / f"usr/lib/linux-kbuild-{LINUX}"
    for name in (flavour, common):
        packaged, folder = unpacked(name, SUITE) / "usr/src" / name, top / name
        folder.mkdir()
        for entry in os.listdir(packaged):
            target = tools / entry if entry in ("scripts", "tools") else packaged / entry
            (folder / entry).symlink_to(target)
    makefile = top / flavour / "Makefile"
    text = makefile.read_text().replace("/usr/src", str(top))
    makefile.unlink()
    makefile.write_text(text)
    return top / flavour
