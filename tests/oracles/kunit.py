"""KUnit and the kernel's own tests of lib/, built by the recipe of docs/testing-modules.md."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.oracles import headers
from tests.oracles.debian import Unavailable, cache, locked, unpacked

SOURCE = "linux-source-6.1"
DOCS = Path(__file__).parents[2] / "docs/testing-modules.md"


def built(more: Sequence[Path] = ()) -> Path:
    """The folder with kunit.ko, a module of each test of lib/ and one of each of ``more``."""
    if not shutil.which("make") or not shutil.which("gcc-12"):
        raise Unavailable("no make or gcc-12 (packages make and gcc)")
    archive, recipe = unpacked(SOURCE) / f"usr/src/{SOURCE}.tar.xz", script()
    key = hashlib.sha256(recipe.encode() + b"".join(path.read_bytes() for path in more)).hexdigest()[:16]
    folder = cache() / "kbuild" / f"kunit-{key}"
    with locked(f"kbuild/{folder.name}"):
        if not folder.is_dir():
            _build(archive, recipe, more, folder)
    return folder


def script() -> str:
    """The commands of the page."""
    found = re.search(r"```sh\n(tar .*?)```", DOCS.read_text(), re.DOTALL)
    assert found
    return found[1]


def _build(archive: Path, recipe: str, more: Sequence[Path], folder: Path) -> None:
    with tempfile.TemporaryDirectory() as path:
        top, work = Path(path) / "headers", Path(path) / "work"
        top.mkdir()
        work.mkdir()
        for source in more:
            shutil.copy(source, work)
        words = headers.KERNELS["cloud"].words(top)
        text = recipe.replace("/usr/src/linux-source-6.1.tar.xz", str(archive))
        text = text.replace("/lib/modules/$(uname -r)/build", words[1])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=work, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"the recipe fails:\n{done.stderr[-4000:]}")
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for module in work.glob("*.ko"):
            shutil.copy(module, partial)
        partial.rename(folder)
