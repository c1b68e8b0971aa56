"""Module trees of Debian's kernels, plain and compressed.

The trees are in a cache and read-only. A test that lets a tool write uses ``linked()``, a tree of its own
whose module files are hard links: it may replace, add and delete files but not write into one.
"""

from __future__ import annotations

import fcntl
import gzip
import lzma
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.oracles.debian import cache, newest, unpacked


class Tree(NamedTuple):
    """``root/lib/modules/version`` is the module directory."""

    root: Path
    version: str

    @property
    def modules(self) -> Path:
        """The module directory."""
        return self.root / "lib/modules" / self.version


KERNELS = {  # name -> metapackage and Debian's architecture
    "amd64": ("linux-image-amd64", "amd64"),
    "cloud": ("linux-image-cloud-amd64", "amd64"),
    "s390x": ("linux-image-s390x", "s390x"),
    "armhf": ("linux-image-armmp", "armhf"),
}


def tree(name: str) -> Tree:
    """The tree of one of KERNELS, or of User Mode Linux (``uml``), as Debian ships it."""
    if name == "uml":
        return _uml()
    meta, arch = KERNELS[name]
    root = unpacked(newest(meta, arch=arch), arch=arch)
    return Tree(root, os.listdir(root / "lib/modules")[0])


def linked(source: Tree, root: Path) -> Tree:
    """A copy of ``source`` below ``root``, with module files as hard links."""
    copy = Tree(root, source.version)
    shutil.copytree(source.modules, copy.modules, symlinks=True, copy_function=link)
    return copy


def copied(source: Tree, compression: str | None = None, limit: int | None = None) -> Tree:
    """``source`` from the cache, with only its first ``limit`` modules (by path) and each compressed.

    ``compression`` is xz, zst or gz, with the settings of the kernel's own modules_install.
    """
    parts = [source.root.name, compression or "plain", str(limit or "all")]
    root = cache() / "copies" / "-".join(parts)
    with _lock(root):
        if not root.is_dir():
            partial = Tree(root.with_name(f"{root.name}.partial"), source.version)
            shutil.rmtree(partial.root, ignore_errors=True)
            _copy(source, partial, compression, limit)
            partial.root.rename(root)
    return Tree(root, source.version)


def _copy(source: Tree, copy: Tree, compression: str | None, limit: int | None) -> None:
    linked(source, copy.root)
    modules = sorted(copy.modules.rglob("*.ko"))
    for module in modules[limit:] if limit else []:
        module.unlink()
    if compression:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda module: _compress(module, compression), modules[:limit]))


def _compress(module: Path, compression: str) -> None:
    packed = module.with_name(f"{module.name}.{compression}")
    packed.write_bytes(COMPRESS[compression](module.read_bytes()))
    module.unlink()


def _xz(data: bytes) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 20}]
    return lzma.compress(data, check=lzma.CHECK_CRC32, filters=filters)


def _zst(data: bytes) -> bytes:
    from backports import zstd  # noqa: PLC0415 -- part of Python from 3.14 on

    return zstd.compress(data, 3)


def _gz(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)


COMPRESS: dict[str, Callable[[bytes], bytes]] = {"xz": _xz, "zst": _zst, "gz": _gz}


def _uml() -> Tree:
    folder = unpacked("user-mode-linux") / "usr/lib/uml/modules"
    version = os.listdir(folder)[0]
    root = cache() / "copies" / "uml"
    with _lock(root):
        if not root.is_dir():
            partial = root.with_name("uml.partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(folder, partial / "lib/modules", symlinks=True, copy_function=link)
            partial.rename(root)
    return Tree(root, version)


def link(source: str, target: str) -> str:
    """Make ``target`` the same file as ``source`` if that is a module, else a copy."""
    if source.endswith(".ko") or ".ko." in source:
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copy2(source, target)
        return target
    return shutil.copy2(source, target)


class _lock:  # noqa: N801 -- used as a function
    """One process at a time makes ``root``."""

    def __init__(self, root: Path) -> None:
        root.parent.mkdir(parents=True, exist_ok=True)
        self.path = root.with_name(f"{root.name}.lock")

    def __enter__(self) -> None:
        self.handle = self.path.open("w")
        fcntl.flock(self.handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self.handle.close()
