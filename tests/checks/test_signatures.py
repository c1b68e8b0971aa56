"""Signatures that are missing, by an untrusted key, unsupported or invalid.

openssl signs; the expected signer and key are those that openssl and kmod's modinfo print.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from pymodutils import ModutilsError, Verdict, check
from tests.checks.made import Desk, advice, errors, warnings
from tests.kernel.emulated.messages import appended
from tests.kernel.emulated.modules import SWITCHES
from tests.link.modules import trixie
from tests.oracles import kernels, openssl
from tests.oracles.kmod import kmod34
from tests.oracles.openssl import Identity

SIGNING = {**SWITCHES, "MODULE_SIG": True, "CRYPTO_SHA256": True, "SECURITY_LOCKDOWN_LSM": True}
ENFORCED = "module.sig_enforce=1"


@cache
def keys() -> dict[str, Identity]:
    """Two keys: the kernel's, and another one."""
    folder = Path(mkdtemp(prefix="test-signatures-"))
    return {name: openssl.root(folder, name) for name in ("kernel", "stranger")}


def serial(who: Identity) -> str:
    """The serial number of its certificate, as openssl and modinfo print it."""
    said = openssl.openssl(who.folder, "x509", "-in", f"{who.name}.pem", "-noout", "-serial").decode()
    digits = said.strip().removeprefix("serial=")
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def signed(desk: Desk, who: str, *words: str, change: bytes = b"", **how: Any) -> str:
    """A module signed by one of ``keys``, then modified by ``change``."""
    data = Path(desk.module(**how)).read_bytes()
    blob = keys()[who].cms(data, "-noattr", "-nocerts", *words)
    return desk.file("made.ko", data[: len(data) - len(change)] + change + appended(blob))


def verdict(desk: Desk, path: str, *, keyless: bool = False, **how: Any) -> Verdict:
    """The messages of a kernel with one key."""
    trusted = () if keyless else (keys()["kernel"].der,)
    return desk.verdict(path, kernel=desk.kernel(switches=SIGNING, keys=trusted), **how)


def test_a_module_signed_by_the_kernels_key_has_nothing_to_hear(desk: Desk) -> None:
    found = verdict(desk, signed(desk, "kernel"), cmdline=ENFORCED)
    assert (found.loads, found.log) == (True, ())
    assert not {"unsigned", "unknown-key", "crypto", "signature", "taint"} & set(warnings(found))


def test_no_signature(desk: Desk) -> None:
    found = verdict(desk, desk.module())
    assert found.loads
    assert "not signed: it loads and taints the kernel (E)" in warnings(found)["unsigned"]
    found = verdict(desk, desk.module(), cmdline=ENFORCED)
    assert (found.error, found.log) == ("EKEYREJECTED", ("Loading of unsigned module is rejected",))
    assert errors(found) == {"unsigned": "it is not signed: the kernel enforces signatures, so it is refused"}
    assert "scripts/sign-file sha256 KEY CERT MODULE" in advice(found, "unsigned")


def test_lockdown_has_another_errno(desk: Desk) -> None:
    found = verdict(desk, desk.module(), cmdline="lockdown=integrity")
    assert found.error == "EPERM"
    assert errors(found) == {"unsigned": "it is not signed: the kernel is locked down, so it is refused"}


def test_a_key_that_the_kernel_does_not_have(desk: Desk) -> None:
    path = signed(desk, "stranger")
    own, other = (f"{name} (sig_key {serial(keys()[name])})" for name in ("kernel", "stranger"))
    found = verdict(desk, path)
    said = f"it is signed by {other}, which the kernel does not trust: the kernel's keys are {own}; "
    assert found.loads
    assert found.log[-1].endswith("signature and/or required key missing - tainting kernel")
    assert warnings(found)["unknown-key"].startswith(f"{said}it loads and taints the kernel (E)")
    found = verdict(desk, path, cmdline=ENFORCED)
    assert (found.error, found.log) == (
        "EKEYREJECTED",
        ("Loading of module with unavailable key is rejected",),
    )
    assert errors(found) == {"unknown-key": f"{said}the kernel enforces signatures, so it is refused"}
    assert "mokutil --import" in advice(found, "unknown-key")
    assert "--trust CERT" in advice(found, "unknown-key")


def test_a_certificate_that_is_trusted_by_hand(desk: Desk) -> None:
    certificate = str(keys()["stranger"].folder / "stranger.pem")
    path = signed(desk, "stranger")
    assert verdict(desk, path, cmdline=ENFORCED, trust=[certificate]).loads
    with pytest.raises(ModutilsError, match=r"made\.ko: it is neither PEM nor DER"):
        verdict(desk, path, trust=[path])


def test_a_key_of_the_same_name_from_another_build(desk: Desk) -> None:
    (desk.folder / "twin").mkdir()
    twin = openssl.root(desk.folder / "twin", "kernel")
    data = Path(desk.module()).read_bytes()
    path = desk.file("made.ko", data + appended(twin.cms(data, "-noattr", "-nocerts")))
    found = verdict(desk, path)
    assert serial(twin) in warnings(found)["unknown-key"]
    assert advice(found, "unknown-key").startswith("6.1.0-made has a different key of the same name")


def test_a_kernel_whose_keys_are_not_known(desk: Desk) -> None:
    found = verdict(desk, signed(desk, "stranger"), keyless=True)
    [finding] = [it for it in found.findings if it.rule == "unknown-key"]
    assert finding.severity == "note"
    assert "the kernel's keys are unknown" in finding.message
    assert "add the kernel's image" in finding.advice


def test_a_key_that_is_named_by_its_identifier(desk: Desk) -> None:
    found = verdict(desk, signed(desk, "stranger", "-keyid"))
    assert "signed by a key without a certificate" in warnings(found)["unknown-key"]


@pytest.mark.parametrize("cmdline", ["", ENFORCED])
def test_a_module_that_was_changed_after_it_was_signed(desk: Desk, cmdline: str) -> None:
    found = verdict(desk, signed(desk, "kernel", change=b"\xa5\x5a"), cmdline=cmdline)
    assert (found.error, found.log) == ("EKEYREJECTED", ())
    assert errors(found)["signature"].startswith(
        f"its signature by kernel (sig_key {serial(keys()['kernel'])})"
    )
    assert "the signature is not that of the data" in errors(found)["signature"]
    assert "strip" in advice(found, "signature")


def test_a_signature_that_makes_no_sense(desk: Desk) -> None:
    data = Path(desk.module()).read_bytes()
    found = verdict(desk, desk.file("made.ko", data + appended(b"rubbish")))
    assert found.error == "EBADMSG"
    assert errors(found)["signature"].startswith("its signature is invalid")


def test_a_hash_that_the_kernel_cannot_compute(desk: Desk) -> None:
    path = signed(desk, "kernel", "-md", "sha3-256")
    found = verdict(desk, path)
    assert found.loads
    assert warnings(found)["crypto"].startswith("the kernel cannot verify its signature")
    assert verdict(desk, path, cmdline=ENFORCED).log[-1] == (
        "Loading of module with unsupported crypto is rejected"
    )


@pytest.mark.parametrize(("who", "said"), [("", "the missing signature"), ("stranger", "the unknown key")])
def test_a_wrong_format_is_no_matter_of_signatures(desk: Desk, who: str, said: str) -> None:
    wrong: dict[str, Any] = {"versions": {"module_layout": 1}}
    found = verdict(desk, signed(desk, who, **wrong) if who else desk.module(**wrong))
    assert list(errors(found)) == ["crc"]
    [note] = [it.message for it in found.findings if it.rule in ("unsigned", "unknown-key")]
    assert said in note
    assert note.endswith("is not the reason for the refusal: that would be 'Key was rejected by service'")


def test_what_the_kernel_stops_at_for_no_known_cause_is_still_told(desk: Desk) -> None:
    """A signature that is ignored is not the reason for the refusal."""
    data = Path(desk.module()).read_bytes()
    found = verdict(desk, desk.file("half.ko", data[:700]))
    assert list(errors(found)) == ["other"]


def test_another_architecture_is_told_beside_the_signature(desk: Desk) -> None:
    """The kernel checks the signature first, but the wrong machine is more important."""
    path = desk.module(imports=["lost"])
    kernel = desk.kernel(switches=SIGNING, machine=183, release="6.1.0-arm", keys=(keys()["kernel"].der,))
    assert list(errors(desk.verdict(path, kernel=kernel, cmdline=ENFORCED))) == ["machine", "unsigned"]


@pytest.mark.lane
@pytest.mark.slow
def test_debians_module_on_its_own_and_on_another_kernel_of_debian() -> None:
    module = str(next(kernels.kernel("cloud-amd64").modules.rglob("fat.ko")))
    own, other = kernels.kernel("cloud-amd64").image, next((trixie() / "boot").glob("vmlinuz-*"))
    report = check(module, [str(own), str(other)], cmdline=ENFORCED)
    first, second = report.verdicts
    assert first.loads
    assert (second.error, list(errors(second))) == (
        "EKEYREJECTED",
        ["unknown-key", "struct-module", "crc", "unknown"],
    )
    signer, key = (
        subprocess.run([*kmod34("modinfo"), "-F", field, module], capture_output=True, check=True, text=True)
        for field in ("signer", "sig_key")
    )
    said = f"it is signed by {signer.stdout.strip()} (sig_key {key.stdout.strip()}), which the kernel"
    assert errors(second)["unknown-key"].startswith(said)
