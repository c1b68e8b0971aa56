"""A small module directory of a real kernel: the modules of the cases with their dependencies."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lanes.guest.samples import MODULES
from tests.oracles.kmod import kmod30, kmod34
from tests.oracles.trees import Tree

MORE = ("dm-mirror", "dm-snapshot", "veth")
TOOLS = ("insmod", "rmmod", "lsmod", "modprobe")
LIBRARIES = ("libkmod.so.2", "libc.so.6", "libcrypto.so.3", "libzstd.so.1", "liblzma.so.5", "libz.so.1")
LISTS = ("modules.order", "modules.builtin", "modules.builtin.modinfo")
DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


def small(source: Tree, root: Path, names: Sequence[str] = (*MODULES, *MORE)) -> Path:
    """The module directory below ``root`` with the modules ``names`` of ``source`` and kmod 30's database."""
    folder = Tree(root, source.version).modules
    found = {path.name.removesuffix(".ko").replace("-", "_"): path for path in source.modules.rglob("*.ko")}
    wanted = [name.replace("-", "_") for name in names]
    for name in wanted:
        path = found[name]
        target = folder / path.relative_to(source.modules)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        wanted += [need for need in _needs(path) if need not in wanted]
    for name in LISTS:
        shutil.copyfile(source.modules / name, folder / name)
    subprocess.run([*kmod30("depmod"), "-b", root, source.version], check=True)
    return folder


def kmods(folder: Path) -> dict[str, dict[str, list[str]]]:
    """The command words of both kmods' tools, copied with their libraries to where any user may read them."""
    found = {}
    for name, kmod in (("kmod30", kmod30), ("kmod34", kmod34)):
        own = folder / name
        own.mkdir()
        loader, _, libraries, _, _, binary = kmod("kmod")
        for library in (*LIBRARIES, *(Path(loader), Path(binary))):
            path = Path(library)
            sources = [path] if path.is_absolute() else [Path(top, library) for top in libraries.split(":")]
            for source in filter(Path.exists, sources):
                shutil.copy(source, own)
        words = [str(own / Path(loader).name), "--library-path", str(own), "--argv0"]
        found[name] = {tool: [*words, tool, str(own / Path(binary).name)] for tool in TOOLS}
    return found


def _needs(path: Path) -> list[str]:
    depends = DEPENDS.search(path.read_bytes())
    return depends[1].decode().replace("-", "_").split(",") if depends and depends[1] else []
