"""Answers of linkers and disassemblers, stored for the quick tests."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"


def path(name: str) -> Path:
    """The file of the recorded results ``name``."""
    return FOLDER / f"{name}.json.xz"


def read(name: str) -> Any:
    """The recorded results."""
    return json.loads(lzma.decompress(path(name).read_bytes()))


def write(name: str, answers: object) -> None:
    """Record ``answers``."""
    FOLDER.mkdir(exist_ok=True)
    document = json.dumps(answers, separators=(",", ":")).encode()
    path(name).write_bytes(lzma.compress(document, preset=9))
