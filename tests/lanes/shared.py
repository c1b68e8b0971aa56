"""Results of a boot, shared by parallel test workers."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def once(name: str, factory: pytest.TempPathFactory, boot: Callable[[Path], Any]) -> Any:
    """The JSON value of ``boot``, called by one worker and shared in a folder."""
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    kept = shared / f"{name}.json"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(boot(shared)))
    found = json.loads(kept.read_text())
    assert "failed" not in found, found["failed"]
    return found
