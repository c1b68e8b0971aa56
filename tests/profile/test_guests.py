"""Profiles of QEMU guests with Debian 12's and 13's kernels, and preflight's results."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from pymodutils import Root
from pymodutils.preflight.preflight import PreflightRequest, preflight
from pymodutils.profile import document, recording
from pymodutils.profile.profile import Profile
from tests.oracles import upgrade
from tests.preflight.debian import told
from tests.profile import record

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/profile.schema.json").read_text())
BOUND = {"nvme": "nvme", "virtio_scsi": "virtio_scsi", "virtio_balloon": "virtio_balloon"}  # driver -> module


def shipped(kernel: str) -> Path:
    return record.GUESTS / f"{kernel}.json"


def bound(profile: Profile) -> set[tuple[str, str]]:
    """The aliases of devices that have a driver, with it."""
    return {(it.modalias, it.driver) for it in profile.devices if it.driver}


@pytest.mark.parametrize("kernel", record.KERNELS)
def test_a_shipped_profile_is_what_profile_writes(kernel: str) -> None:
    text = shipped(kernel).read_text()
    jsonschema.validate(json.loads(text), SCHEMA)
    profile = recording.read(str(shipped(kernel)))
    assert document.dumps(profile) == text
    modules = {it.driver: it.module for it in profile.devices if it.driver in BOUND}
    assert modules == BOUND
    assert "serial=made" not in text
    assert '"made"' not in text


@pytest.mark.lane
@pytest.mark.slow
def test_guests_keep_their_drivers_and_the_preflight_says_so() -> None:
    old, new = record.KERNELS
    found = {kernel: document.loads(record.recorded(kernel).encode(), kernel) for kernel in record.KERNELS}
    for kernel, profile in found.items():
        assert bound(profile) == bound(recording.read(str(shipped(kernel)))), kernel
    assert {alias for alias, _ in bound(found[old])} <= {alias for alias, _ in bound(found[new])}
    root, releases = upgrade.installed(record.KERNELS)
    request = PreflightRequest(found[old], "guest", [releases[new]], releases[old])
    after = preflight(request, Root(root))
    assert told(after) == {}
    real = {it.name: it.size for it in found[new].modules}
    ours = {row.name: row.size for row in after.outlooks[0].booted.rows}
    assert real.items() <= ours.items()
