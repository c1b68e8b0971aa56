"""Modules built by kbuild for Debian's kernels, cached by their content."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.oracles import headers
from tests.oracles.debian import Unavailable, cache, locked

FLAGS = ("KBUILD_MODPOST_WARN=1",)  # symbols may be missing
PLAIN, DEBUG = "-g0", "-g"


def module(source: Path, kernel: str = "cloud", flags: str = PLAIN) -> Path:
    """The module built from the single C file ``source``."""
    return modules([source], kernel, flags) / f"{source.stem}.ko"


def modules(sources: Sequence[Path], kernel: str, flags: str = PLAIN) -> Path:
    """The folder of the modules built from ``sources``, for a kernel of headers.KERNELS.

    A Kbuild file among them is used. Raises Unavailable without make and gcc, or if a package cannot be
    fetched.
    """
    if not shutil.which("make") or not shutil.which("gcc-12"):
        raise Unavailable("no make or gcc-12 (packages make and gcc)")
    version = headers.KERNELS[kernel].version()
    said = version if flags == PLAIN else version + flags
    key = hashlib.sha256(said.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = cache() / "kbuild" / f"{sources[0].parent.name}-{kernel}-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(f"kbuild/{folder.name}"):
        if not folder.is_dir():
            _build(sources, kernel, folder, flags)
    return folder


def _build(sources: Sequence[Path], kernel: str, folder: Path, flags: str) -> None:
    with tempfile.TemporaryDirectory() as path:
        work = Path(path) / "work"
        work.mkdir()
        for source in sources:
            shutil.copy(source, work)
        objects = " ".join(f"{source.stem}.o" for source in sources if source.suffix == ".c")
        with (work / "Kbuild").open("a") as file:
            file.write(f"obj-m := {objects}\n")
        words = ["make", "-s", "-j2", *headers.KERNELS[kernel].words(Path(path)), *FLAGS]
        words += [f"KCFLAGS={flags}", f"M={work}"]
        done = subprocess.run([*words, "modules"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{sources[0].parent} does not build:\n{done.stderr[-4000:]}")
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for built in work.glob("*.ko"):
            shutil.copy(built, partial)
        partial.rename(folder)
