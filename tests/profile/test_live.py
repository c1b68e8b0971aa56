"""The profile of a machine below a sysroot: every fact, nothing personal."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from pymodutils import ModutilsError, Root
from pymodutils.profile import document, live
from pymodutils.profile.policy import X509, certificates
from pymodutils.profile.profile import Device, FileSystem, OutOfTree, Profile, Wish
from tests import process
from tests.profile import machine

REPOSITORY = Path(__file__).parents[2]
SCHEMA = json.loads((REPOSITORY / "docs/profile.schema.json").read_text())


@pytest.fixture
def found(tmp_path: Path) -> Profile:
    return live.read(Root(machine.make(tmp_path)))


def test_the_kernel(found: Profile) -> None:
    assert (found.release, found.version, found.arch) == (machine.RELEASE, "#1 SMP made", "x86_64")
    assert not found.incomplete


def test_devices_with_driver_and_module(found: Profile) -> None:
    alias = "pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00"
    assert set(found.devices) == {
        Device(alias, "nic_driver", "pci", "nic"),
        Device("platform:board", "", "", None),
        Device("", "rtc_cmos", "pnp", ""),
    }


def test_modules_with_parameters_and_who_asked(found: Profile) -> None:
    assert [module.name for module in found.modules] == ["made", "nic", "helper"]
    nic = found.named("nic")
    assert nic is not None
    assert dict(nic.parameters)["debug"] == "1"
    assert nic.asked == ("driver nic_driver of pci", "module helper")


def test_what_files_ask_for(found: Profile) -> None:
    assert found.wishes == (
        Wish("v4l2loopback", "/etc/modules-load.d/mine.conf"),
        Wish("ipv6", "/etc/modules"),
    )
    assert [line.place for line in found.config] == [
        "/etc/modprobe.d/mine.conf:2",
        "/etc/modprobe.d/mine.conf:3",
    ]
    assert found.file_systems == (
        FileSystem("ext4", "/etc/fstab"),
        FileSystem("ntfs3", "/etc/fstab"),
        FileSystem("ext4", "mounted"),
    )
    assert [cipher.driver for cipher in found.ciphers] == ["xts-aes-aesni"]
    assert found.mapper == ("CRYPT",)


def test_out_of_tree_modules_and_policy(found: Profile) -> None:
    assert found.out_of_tree == (OutOfTree("made", "2.0", "", "made/2.0"),)
    assert found.policy.lockdown == "integrity"
    assert found.policy.sig_enforce is False
    assert found.policy.enforced
    assert found.policy.keys == ("00deadbeef",)
    assert found.firmware == ("nic/first.bin",)


def test_nothing_personal(found: Profile) -> None:
    text = document.dumps(found)
    for secret in (machine.HOST, machine.UUID, machine.MAC, "192.0.2.1", "alice", "Made CA", "root="):
        assert secret not in text, secret
    assert found.cmdline.split()[:2] == ["i915.fastboot=1", "lockdown=integrity"]
    assert "modprobe.blacklist=nouveau" in found.cmdline
    assert "x.y" not in found.cmdline  # behind -- it is init's


def test_the_document_fits_its_schema_and_comes_back(found: Profile) -> None:
    text = document.dumps(found)
    jsonschema.validate(json.loads(text), SCHEMA)
    assert document.loads(text.encode(), "x") == found


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"format": "other"}', '{"format": "pymodutils profile", "version": 9}']
    + [
        '{"format": "pymodutils profile", "version": 1, ' + rest
        for rest in ('"extra": 1}', '"devices": [{"a": 1}]}', '"devices": 5}', '"release": 7}')
    ]
    + ['{"format": "pymodutils profile", "version": 1, "modules": [{"name": 5}]}'],
)
def test_a_damaged_document_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    done = run("--from", str(path))
    assert done.returncode == 1
    assert done.stderr.startswith("profile: ERROR: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        ('"devices": 5', "devices is 5, not a list"),
        ('"firmware": 5', "firmware is 5, not a list"),
        ('"devices": [5]', "devices has 5, not an object"),
        ('"policy": []', "policy has [], not an object"),
        ('"devices": [{}]', "devices has an entry without modalias"),
        ('"devices": [{"modalias": "x", "a": 1}]', "devices has a field that is not known: a"),
        ('"modules": [{"name": 5}]', "modules has 5 for name"),
        ('"modules": [{"name": "x", "parameters": []}]', "modules has [] for parameters"),
    ],
)
def test_what_is_damaged_is_said(rest: str, why: str) -> None:
    data = f'{{"format": "pymodutils profile", "version": 1, {rest}}}'.encode()
    with pytest.raises(ModutilsError) as raised:
        document.loads(data, "x.json")
    assert str(raised.value) == f"x.json: it is damaged: {why}"


def test_another_root_is_not_of_this_kernel(tmp_path: Path) -> None:
    found = live.read(Root(tmp_path))
    assert (found.release, found.arch) == ("", "")
    place = tmp_path / "proc/sys/kernel/osrelease"
    assert f"release: could not read {place}: give preflight --from KERNEL" in found.incomplete


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    root, file = machine.make(tmp_path / "root"), tmp_path / "out.json"
    done = run("--sysroot", str(root), "-o", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert document.loads(file.read_bytes(), "x").release == machine.RELEASE


def test_certificates_of_the_firmware_and_a_list_cut_short() -> None:
    def table(*ders: bytes) -> bytes:
        each = 16 + len(ders[0])
        head = X509 + (28 + each * len(ders)).to_bytes(4, "little") + bytes(4) + each.to_bytes(4, "little")
        return head + b"".join(bytes(16) + der for der in ders)

    data = table(b"one", b"two") + table(b"three")
    assert list(certificates(data)) == [b"one", b"two", b"three"]
    assert list(certificates(data[:-1])) == [b"one", b"two"]
    assert not list(certificates(bytes(64)))


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return process.pymodutils("profile", *words)
