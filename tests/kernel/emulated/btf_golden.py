"""Stored answers of Debian's kernels about split BTF, for the quick tests.

``python -m tests.kernel.emulated.btf_golden`` asks them again. The numbers of the module's types and names
count from the end of the kernel's.
"""

from __future__ import annotations

import json
import lzma
import re
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from struct import unpack_from
from typing import Final

from pymodutils.kernel.emulated.load.btf import OLD, SplitBtf
from tests.kernel.emulated.btf_record import BEYOND
from tests.kernel.emulated.params.golden import SOURCE
from tests.kernel.emulated.split_btf import Start, blobs
from tests.lanes import qemu
from tests.lanes.verdicts import lanes
from tests.oracles import kbuild, kernels

FILE: Final = Path(__file__).with_name("btf-golden.json.xz")
NEAR: Final = 4096  # types and bytes that a module has of its own at most

KERNELS: Final = ("cloud", "forky")  # 6.1, which loads the module all the same, and 7.2, which refuses it

Answer = tuple[int, list[str]]  # errno and log


def kept() -> dict[str, dict[str, Answer]]:
    """The answers by kernel and case."""
    found: dict[str, dict[str, Answer]] = json.loads(lzma.decompress(FILE.read_bytes()))
    return {
        kernel: {case: (errno, lines) for case, (errno, lines) in answers.items()}
        for kernel, answers in found.items()
    }


def relative(lines: Iterable[str], start: Start) -> list[str]:
    """``lines`` with numbers of the module's own types and names as T0, T1 and S0, S1."""

    def own(found: re.Match[str]) -> str:
        number = int(found[0])
        if start.strings <= number < start.strings + NEAR or number == start.strings + BEYOND:
            return f"S{number - start.strings}"
        return f"T{number - start.types}" if start.types <= number < start.types + NEAR else found[0]

    return [re.sub(r"\d+", own, line) for line in lines]


def asked(kernel: str) -> dict[str, Answer]:
    """What ``kernel`` says now."""
    start, path = _end(lanes.describe(kernel).btf or b""), kbuild.module(SOURCE, kernel)
    cases = dict(enumerate(blobs(start)))
    with tempfile.TemporaryDirectory() as name:
        folder, blob = Path(name) / "modules", Path(name) / "blob"
        folder.mkdir()
        for at, data in enumerate(blobs(start).values()):
            blob.write_bytes(data)
            words = ["objcopy", f"--add-section=.BTF={blob}", str(path), str(folder / f"{at:04}")]
            subprocess.run(words, check=True)
        call = ("tests.lanes.guest.split_btf:main", str(folder), path.stem)
        image = kernels.kernel(lanes.FLAVOURS[kernel]).image
        answers = qemu.run(*call, files=[folder], image=image, cpu=qemu.LATER_CPU)
    return {cases[int(at)]: (errno, relative(lines, start)) for at, (errno, lines) in answers.items()}


def _end(data: bytes) -> Start:
    head, _, types, _, length = unpack_from("<5I", data, 4)
    found = SplitBtf(data[head : head + types], b"", "<", OLD)
    return Start(found.counted(), length)


if __name__ == "__main__":
    document = json.dumps({kernel: asked(kernel) for kernel in KERNELS}, separators=(",", ":"))
    FILE.write_bytes(lzma.compress(document.encode(), preset=9))
