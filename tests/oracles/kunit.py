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


def built(more: Sequence[Path] = (), kernel: str = "cloud") -> Path:
    """The folder with kunit.ko, a module of each test of lib/ and one of each of ``more``."""
    if not shutil.which("make") or not shutil.which("gcc-12"):
        raise Unavailable("no make or gcc-12 (packages make and gcc)")
    key = hashlib.sha256(script().encode() + b"".join(path.read_bytes() for path in more)).hexdigest()[:16]
    folder = cache() / "kbuild" / (f"kunit-{key}" if kernel == "cloud" else f"kunit-{kernel}-{key}")
    with locked(f"kbuild/{folder.name}"):
        if not folder.is_dir():
            _build(more, folder, kernel)
    return folder


def script() -> str:
    """The commands of the page."""
    found = re.search(r"```sh\n(tar .*?)```", DOCS.read_text(), re.DOTALL)
    assert found
    return found[1]


def worked(top: Path, more: Sequence[Path] = (), kernel: str = "cloud") -> Path:
    """The folder below ``top`` in which the recipe has built its modules and one of each of ``more``."""
    work = top / "work"
    work.mkdir()
    (top / "headers").mkdir()
    _, _, *settings = headers.KERNELS[kernel].words(top / "headers")
    for source in more:
        shutil.copy(source, work)
    _run(script(), work, settings)
    return work


def remade(work: Path) -> None:
    """Build again what has changed in ``work``, the folder of worked()."""
    _run(script().rstrip().rpartition("\n")[2], work)


def _run(recipe: str, work: Path, settings: Sequence[str] = ()) -> None:
    build = next(it for it in (work.parent / "headers").iterdir() if not it.name.endswith("-common"))
    archive = unpacked(SOURCE) / f"usr/src/{SOURCE}.tar.xz"
    text = recipe.replace(f"/usr/src/{SOURCE}.tar.xz", str(archive))
    text = text.replace("/lib/modules/$(uname -r)/build", str(build))
    done = subprocess.run(
        ["env", *settings, "bash", "-euo", "pipefail", "-c", text],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the recipe fails:\n{done.stderr[-4000:]}")


def _build(more: Sequence[Path], folder: Path, kernel: str) -> None:
    with tempfile.TemporaryDirectory() as path:
        work = worked(Path(path), more, kernel)
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for module in work.glob("*.ko"):
            shutil.copy(module, partial)
        partial.rename(folder)
