"""Compressed modules that the kernel decompresses; Debian 13's kernel judges xz."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pymodutils.elf import compress
from pymodutils.errors import Refused
from pymodutils.kernel.base import Init
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from pymodutils.kernel.sources import source
from tests.elf.compressed_files import of_xz
from tests.lanes import qemu
from tests.lanes.guest.insert import without_init
from tests.oracles.debian import newest, unpacked

WARNING = 4  # vmalloc's backtrace, where a dictionary is too large

pytestmark = [pytest.mark.slow, pytest.mark.lane]


def test_every_file_is_answered_as_by_the_kernel(tmp_path: Path) -> None:
    package = unpacked(newest("linux-image-cloud-amd64", "trixie"), "trixie")
    module = next(package.rglob("dummy.ko.xz"))
    files = of_xz(without_init(compress.read(str(module))))
    path = tmp_path / "files.json"
    path.write_text(json.dumps([file.hex() for file in files.values()]))
    image = next((package / "boot").glob("vmlinuz-*"))
    answers = qemu.run(
        "tests.lanes.guest.compressed:verdicts", str(path), files=[path], image=image, cpu=qemu.LATER_CPU
    )
    config = next((package / "boot").glob("config-*"))
    kernel = EmulatedKernel.boot(source.describe([str(image), str(config)]))
    ours = {name: answer(kernel, file) for name, file in files.items()}
    theirs = [[code, [line for line in lines if line[0] != WARNING]] for code, lines in answers]
    assert ours == dict(zip(files, theirs, strict=True))


def answer(kernel: EmulatedKernel, file: bytes) -> list[object]:
    """Errno and lines of the log."""
    last, code = kernel.log()[-1].number, 0
    try:
        kernel.load_file(file, b"", Init.COMPRESSED_FILE)
    except Refused as error:
        code = error.errno
    return [code, [[line.level, line.text] for line in kernel.log(last)]]
