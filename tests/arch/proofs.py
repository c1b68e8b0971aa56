"""Results of the tests with real kernels, stored in proofs.json for docs/architectures.md.

A test compares with the recorded result for the kernel's release, and skips other releases; with PROOFS=1 in
the environment, the new result is recorded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("proofs.json")


def kept(kind: str) -> dict[str, dict[str, Any]]:
    """The proofs of one kind, by name."""
    found: dict[str, dict[str, Any]] = json.loads(KEPT.read_text())[kind]
    return found


def agree(kind: str, name: str, proof: Mapping[str, object]) -> None:
    """Assert that ``proof`` equals the recorded one of the same release, or record it.

    The number of changed bytes depends on the addresses of that run.
    """
    if os.environ.get("PROOFS"):
        keep(kind, name, proof)
    old = kept(kind).get(name)
    if old and old["release"] == proof["release"]:
        assert {**old, "changed": None} == {**proof, "changed": None}


def keep(kind: str, name: str, proof: Mapping[str, object]) -> None:
    """Record ``proof``."""
    everything = json.loads(KEPT.read_text())
    everything[kind][name] = proof
    KEPT.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n")
