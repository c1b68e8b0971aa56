"""A Debian system in a folder, made by mmdebstrap once and copied for each test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.oracles.debian import Unavailable, cache, locked

PACKAGES: Final = ("python3", "kmod", "linux-base", "systemd")
OURS: Final = "opt/pymodutils"  # where the package and what it needs is
NEEDED: Final = (
    "click",
    "rich",
    "networkx",
    "elftools",
    "lz4",
    "backports",
    "pygments",
    "markdown_it",
    "mdurl",
)


def made(folder: Path, suite: str = "bookworm", more: Sequence[str] = (), *, ours: bool = True) -> Path:
    """The system in ``folder``, with ``more`` packages; raises Unavailable without mmdebstrap or root.

    Without ``ours``, pymodutils is not installed in it.
    """
    if not shutil.which("mmdebstrap") or os.geteuid():
        raise Unavailable("chroots need root and mmdebstrap (package mmdebstrap)")
    name = "-".join([suite, *more])
    base = cache() / "chroots" / name
    with locked(f"chroot-{name}"):
        if not base.is_dir():
            partial = base.with_name(f"{name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.parent.mkdir(parents=True, exist_ok=True)
            words = [
                "mmdebstrap",
                "--variant=minbase",
                f"--include={','.join([*PACKAGES, *more])}",
                '--aptopt=Acquire::Check-Valid-Until "false"',  # a mirror may be a snapshot
                suite,
                str(partial),
            ]
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=1200)
            if done.returncode:
                raise Unavailable(f"mmdebstrap {suite}: {done.stderr.strip().splitlines()[-1:]}")
            partial.rename(base)
    subprocess.run(["cp", "-a", "--reflink=auto", base, folder], check=True)
    if ours:
        _add_ours(folder)
    return folder


def _add_ours(folder: Path) -> None:
    site, top = Path(sysconfig.get_paths()["purelib"]), folder / OURS
    top.mkdir(parents=True)
    for name in NEEDED:
        shutil.copytree(site / name, top / name)
    shutil.copytree(Path(__file__).parents[2] / "pymodutils", top / "pymodutils")
    (folder / "usr/lib/python3/dist-packages/pymodutils.pth").write_text(f"/{OURS}\n")


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in the system."""
    return _run(["chroot", str(folder), *words], environment)


def running(folder: Path, release: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in a system with a /proc that calls the kernel ``release``."""
    (folder / "osrelease").write_text(f"{release}\n")
    script = (
        f"mount -t proc proc {folder}/proc && "
        f'mount --bind {folder}/osrelease {folder}/proc/sys/kernel/osrelease && exec chroot {folder} "$@"'
    )
    return _run(["unshare", "--mount", "sh", "-c", script, "sh", *words], environment)


def _run(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "DEBIAN_FRONTEND": "noninteractive",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
