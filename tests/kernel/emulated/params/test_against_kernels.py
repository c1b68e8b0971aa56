"""Parameter lines, compared with real kernels: errno, log and every file in sysfs."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from pymodutils.elf import compress
from pymodutils.elf.scan import Elf
from pymodutils.kernel.sources.source import describe
from pymodutils.names import of_path
from tests.kernel.emulated.params import lines
from tests.kernel.emulated.params.player import Alone, Emulated
from tests.lanes import qemu, uml
from tests.link.modules import in_order, paths, trixie
from tests.oracles import kbuild, kernels

pytestmark = [pytest.mark.slow, pytest.mark.lane]
SOURCE = Path(__file__).with_name("every.c")
UNKNOWN = "nosuch=1 dyndbg x.y=1 x.dyndbg .=1 async_probe=0 dyndbg=+p"
CALL = "tests.lanes.guest.parameters:"


def test_every_type_in_debians_kernel() -> None:
    path = kbuild.module(SOURCE)
    asked, written = [*lines.WHOLE, *lines.made(400)], list(lines.writes())
    loaded, stored = qemu.run(f"{CALL}both", str(path), asked, written, files=[path])
    data, kernel = compress.read(str(path)), kernels.kernel("cloud-amd64")
    alone = Alone(data, "every")
    emulated = Emulated(data, "every", describe([str(kernel.image), str(kernel.headers)]))
    for line, theirs in zip(asked, loaded, strict=True):
        assert alone.load(line.encode("latin-1")) == theirs, line
        assert emulated.load(line.encode("latin-1")) == without_modes(theirs), line
    alone.load(b"")
    emulated.load(b"")
    for (file, text), theirs in zip(written, stored, strict=True):
        assert alone.write(file, text.encode("latin-1")) == theirs, (file, text)
        assert emulated.write(file, text.encode("latin-1")) == without_modes(theirs), (file, text)


def without_modes(theirs: dict[str, Any]) -> dict[str, Any]:
    files = {name: content for name, (_, content) in theirs["files"].items()}
    return {**theirs, "files": files}


class Real:
    """Debian's modules with parameters, with their dependencies, and lines for them."""

    def __init__(self, tree: str, seed: int) -> None:
        random = Random(seed)  # noqa: S311 -- not for secrets
        named = [name for name, path in sorted(paths(tree).items()) if has_parameters(path)]
        self.files = in_order(tree, random.sample(named, min(len(named), 60)))
        dynamic_debug = tree != "uml"
        self.ours = [
            Alone(compress.read(str(file)), of_path(str(file)), dynamic_debug=dynamic_debug)
            for file in self.files
        ]
        self.lines = [
            [self._line(one, random, 0.2), f"{self._line(one, random, 0)} {UNKNOWN}", ""] for one in self.ours
        ]
        self.hidden = [[p.name.decode() for p in one.params if p.ops and p.ops.foreign] for one in self.ours]

    @staticmethod
    def _line(module: Alone, random: Random, errors: float) -> str:
        kinds = [(param.name.decode(), param.kind) for param in module.params]
        return lines.for_kinds([(name, kind) for name, kind in kinds if kind != "own"], random, errors)

    def judge(self, theirs: list[list[dict[str, Any]]]) -> None:
        """Assert that we get the same results."""
        compared = 0
        for module, tried, left, outcomes in zip(self.ours, self.lines, self.hidden, theirs, strict=True):
            for line, outcome in zip(tried, outcomes, strict=False):
                ours = module.load(line.encode("latin-1"))
                files = {name: file for name, file in ours["files"].items() if name not in left}
                assert {**ours, "files": files, "tainted": outcome["tainted"]} == outcome, line
                compared += len(files)
        assert compared >= 100


def has_parameters(path: Path) -> bool:
    return bool(Elf(compress.read(str(path))).section("__param"))


def test_debians_modules_in_the_cloud_kernel() -> None:
    real = Real("cloud", 1)
    words = [str(file) for file in real.files]
    real.judge(qemu.run(f"{CALL}modules", words, real.lines, real.hidden, files=real.files))


def test_debians_modules_in_user_mode_linux() -> None:
    real = Real("uml", 2)
    words = [str(file) for file in real.files]
    real.judge(uml.run(f"{CALL}modules", words, real.lines, real.hidden))


def test_debians_modules_in_a_later_kernel() -> None:
    real = Real("trixie", 3)
    words = [str(file) for file in real.files]
    call, image = f"{CALL}modules", next((trixie() / "boot").glob("vmlinuz-*"))
    real.judge(
        qemu.run(
            call,
            *(words, real.lines, real.hidden),
            files=real.files,
            image=image,
            cpu=qemu.LATER_CPU,
        )
    )
