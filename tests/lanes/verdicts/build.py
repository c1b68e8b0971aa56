"""The modules in sources/, built by kbuild for each kernel, once for each version of them."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.oracles.debian import Unavailable, cache, newest, unpacked

SOURCES = Path(__file__).with_name("sources")
FLAGS = ("KCFLAGS=-g0", "KBUILD_MODPOST_WARN=1")  # no debugging data; symbols may be missing
UNUSED = ("drivers", "sound", "fs", "net", "Documentation", "tools", "mm", "crypto", "block", "security")


def modules(kernel: str) -> Path:
    """The folder of the modules built for one of KERNELS; raises Unavailable."""
    folder = cache() / "verdicts" / f"{kernel}-{_digest(kernel)}"
    with _lock(folder):
        if not folder.is_dir():
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(SOURCES, partial)
            _make(*KERNELS[kernel](), *FLAGS, f"M={partial}", "modules")
            _strip(partial)
            partial.rename(folder)
    return folder


def _digest(kernel: str) -> str:
    seen = hashlib.sha256(_version(kernel).encode())
    for path in sorted(SOURCES.iterdir()):
        seen.update(path.name.encode() + path.read_bytes())
    return seen.hexdigest()[:12]


def _version(kernel: str) -> str:
    return newest("linux-headers-cloud-amd64") if kernel == "cloud" else str(_uml_release())


def _strip(folder: Path) -> None:
    """Leave only what is to be loaded."""
    for path in folder.iterdir():
        if path.suffix != ".ko":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _cloud() -> list[str]:
    """The words of make for Debian's cloud kernel."""
    headers = newest("linux-headers-cloud-amd64")
    return ["-C", str(_headers(headers, "linux-kbuild-6.1"))]


def _headers(package: str, kbuild: str) -> Path:
    """The headers' folder among all that it refers to, with a Makefile that finds the common part here."""
    root = cache() / "kbuild" / package
    common = package.rsplit("-", 2)[0] + "-common"
    with _lock(root):
        if not root.is_dir():
            partial = root.with_name(f"{package}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            for part in (package, common, kbuild):
                _links(unpacked(part) / "usr", partial / "usr")
            makefile = partial / "usr/src" / package / "Makefile"
            makefile.unlink()
            makefile.write_text(f"include {root}/usr/src/{common}/Makefile\n")
            partial.rename(root)
    return root / "usr/src" / package


def _links(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-al", f"{source}/.", f"{_made(target)}/"], check=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _uml() -> list[str]:
    """The words of make for Debian's User Mode Linux, whose headers no package has."""
    root = cache() / "kbuild" / f"uml-{_uml_release()}"
    source, objects = root / "linux-source-6.1", root / "objects"
    sublevel = f"SUBLEVEL={_uml_release().rpartition('.')[2]}"
    words = ["-C", str(source), "ARCH=um", sublevel, f"O={objects}"]
    with _lock(root):
        if not (root / "ready").is_file():
            shutil.rmtree(root, ignore_errors=True)
            _made(objects)
            archive = unpacked("linux-source-6.1") / "usr/src/linux-source-6.1.tar.xz"
            subprocess.run(["tar", "-xJf", archive, "-C", root], check=True)
            config = unpacked("user-mode-linux") / "usr/share/doc/user-mode-linux/config.gz"
            (objects / ".config").write_bytes(gzip.decompress(config.read_bytes()))
            _make(*words, "olddefconfig")
            _make(*words, "modules_prepare")
            for name in UNUSED:
                shutil.rmtree(source / name)
            (root / "ready").touch()
    return words


def _uml_release() -> str:
    return os.listdir(unpacked("user-mode-linux") / "usr/lib/uml/modules")[0]


def _make(*words: str) -> None:
    make = shutil.which("make")
    if make is None or shutil.which("gcc") is None:
        raise Unavailable("no make or no gcc (packages make, gcc)")
    done = subprocess.run([make, "-j2", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"kbuild: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    _made(folder.parent)
    with folder.with_name(f"{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


KERNELS: dict[str, Callable[[], list[str]]] = {"cloud": _cloud, "uml": _uml}
