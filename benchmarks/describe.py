"""Describe a kernel image, compared with unpacking it or reading a saved description."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from struct import unpack_from
from typing import TYPE_CHECKING

from benchmarks.pairs import compare
from benchmarks.rows import Row
from tests.oracles.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

UNPACKERS = {"amd64": "xz -dc", "cloud-amd64": "lz4 -dc"}
IMAGE_TARGET = 3
SAVED_TARGET = 4


def rows(programs: Path) -> Iterator[Row]:
    """Measure `kernel describe` of bzImages against their decompressors, and of JSON against click."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        describe = [str(programs / "pymodutils"), "kernel", "describe"]
        for flavour, unpacker in UNPACKERS.items():
            image = kernel(flavour).image
            measured = compare([*describe, str(image)], unpacking(flavour, folder))
            yield Row(f"kernel describe: {flavour}", f"`{unpacker}`", measured, wall=IMAGE_TARGET)
            subprocess.run([*describe, str(image), "-o", folder / "k.json"], check=True, capture_output=True)
        click = [str(programs / "python"), "-c", "import click"]
        measured = compare([*describe, str(folder / "k.json")], click, pairs=21)
        yield Row("kernel describe: saved", "`python -c 'import click'`", measured, wall=SAVED_TARGET)


def unpacking(flavour: str, folder: Path) -> list[str]:
    """The command that unpacks the image of ``flavour``; its input is written to ``folder``."""
    (folder / "payload").write_bytes(_payload(kernel(flavour).image.read_bytes()))
    return ["sh", "-c", f"{UNPACKERS[flavour]} < {folder}/payload > /dev/null"]


def _payload(image: bytes) -> bytes:
    """The compressed kernel in a bzImage, without the size after it."""
    offset, size = unpack_from("<II", image, 0x248)
    start = ((image[0x1F1] or 4) + 1) * 512 + offset
    return image[start : start + size - 4]
