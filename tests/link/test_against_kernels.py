"""Real modules in real kernels: section addresses, and memory as we link it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lanes import qemu, uml
from tests.link.modules import in_order, trixie
from tests.oracles.debian import unpacked

CLOUD = """
    dummy fat vfat btrfs nf_tables tun loop overlay fuse isofs squashfs bonding dm_mod vxlan wireguard
    macvlan nbd sctp virtio_net tcp_bbr kvm_intel
"""
UML = """
    dummy fat vfat nls_utf8 crc_ccitt ipv6 ocfs2 f2fs cifs nfs sctp gfs2 nf_tables bridge udf squashfs bonding
    dm_mod md_mod fuse overlay vxlan scsi_debug raid456
"""
TRIXIE = "dummy fat vfat nf_tables tun loop overlay isofs udf bonding dm_mod vxlan nbd wireguard"
CLOUD_CONFIG = {"strict_rwx": True, "smp": True, "kallsyms_all": True}
UML_CONFIG = {"strict_rwx": False, "smp": False, "kallsyms_all": False}


def judge(found: list[dict[str, Any]]) -> None:
    """Assert that nothing is unexplained."""
    for one in found:
        assert one["moved"] == [], one["name"]
        assert one["coresize"][0] == one["coresize"][1], one["name"]
        assert one["missing"] == [], one["name"]
        assert one["symbols"] == [], one["name"]
        assert one["unexplained"] == [], one["name"]


@pytest.mark.slow
@pytest.mark.lane
def test_cloud_kernel_in_qemu() -> None:
    files = in_order("cloud", CLOUD.split())
    words = [str(file) for file in files]
    found = qemu.run("tests.lanes.guest.linking:compare", words, CLOUD_CONFIG, files=files)
    judge(found)
    assert len(found) >= 40


@pytest.mark.slow
@pytest.mark.lane
def test_user_mode_linux() -> None:
    kernel = str(unpacked("user-mode-linux") / "usr/bin/linux.uml")
    words = [str(file) for file in in_order("uml", UML.split())]
    found = uml.run("tests.lanes.guest.linking:compare", words, UML_CONFIG, kernel)
    judge(found)
    assert len(found) >= 40


@pytest.mark.slow
@pytest.mark.lane
def test_initsize_while_init_runs() -> None:
    files = in_order("cloud", ("raid6_pq", "loop", "nbd", "bonding"))
    words = [str(file) for file in files]
    in_qemu = qemu.run("tests.lanes.guest.linking:init_sizes", words, CLOUD_CONFIG, files=files)
    words = [str(file) for file in in_order("uml", ["encrypted_keys", "drbg", "tcrypt"])]
    in_uml = uml.run("tests.lanes.guest.linking:init_sizes_of_requests", words, UML_CONFIG)
    assert len(in_qemu) >= 2
    assert len(in_uml) >= 1
    assert [
        name for found in (in_qemu, in_uml) for name, (ours, theirs) in found.items() if ours != theirs
    ] == []


def compared_in_trixie(call: str) -> Any:
    """The result of ``call`` for modules of Debian 13's kernel in QEMU."""
    files = in_order("trixie", TRIXIE.split())
    image = next((trixie() / "boot").glob("vmlinuz-*"))
    words = [str(file) for file in files]
    return qemu.run(call, words, CLOUD_CONFIG, files=files, image=image, cpu=qemu.LATER_CPU)


@pytest.mark.slow
@pytest.mark.lane
def test_seven_areas_of_a_later_kernel() -> None:
    found = compared_in_trixie("tests.lanes.guest.linking:compare_seven")
    judge(found)
    assert len(found) >= 20


@pytest.mark.slow
@pytest.mark.lane
def test_refused_relocations_in_the_kernels_words() -> None:
    kernel = str(unpacked("user-mode-linux") / "usr/bin/linux.uml")
    call = "tests.lanes.guest.refused:refusals"
    [path] = in_order("cloud", ["dummy"])
    found = qemu.run(call, str(path), CLOUD_CONFIG, files=[path])
    [path] = in_order("uml", ["dummy"])
    found += uml.run(call, str(path), UML_CONFIG, kernel)
    [path] = in_order("trixie", ["dummy"])
    image = next((trixie() / "boot").glob("vmlinuz-*"))
    call = "tests.lanes.guest.refused:later_refusals"
    found += qemu.run(call, str(path), CLOUD_CONFIG, files=[path], image=image, cpu=qemu.LATER_CPU)
    for ours, theirs in found:
        assert ours == theirs
    assert len(found) == 27
