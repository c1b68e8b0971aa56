"""Signatures on a curve, judged by Debian 13's kernel, whose own modules are signed on one."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from pymodutils.signature import verify as verifier
from pymodutils.signature.digests import EVERYTHING
from tests.kernel.emulated import messages as m
from tests.lanes import qemu
from tests.oracles import keyed, openssl
from tests.oracles.debian import newest, unpacked
from tests.signature.signed_cases import BODY, P256
from tests.signature.test_verify import verdict

pytestmark = [pytest.mark.lane, pytest.mark.slow]
CPU = "qemu64,+rdrand,-cx16"  # QEMU 7.2's cmpxchg16b with a segment base breaks this kernel's slabs
NUMBER = re.compile(r"(algo:|data type) \d+$")  # of an unknown identifier: each release counts its own
SHA3 = "2.16.840.1.101.3.4.2.9"  # which this release knows
FLIPPED = 300
SIGNATURE = 72  # bytes at the end of a message, at most


def images(own: openssl.Identity, other: openssl.Identity) -> list[bytes]:
    """Good ones, and such with one bit changed.

    Not one of a certificate: since 6.4 the kernel reads what its key may be used for, too, and we do not.
    """
    chosen = random.Random(3)  # noqa: S311 -- no secret
    good, foreign = own.cms(BODY, "-noattr", "-nocerts"), other.cms(BODY, "-noattr")
    blobs = [good, foreign, own.cms(b"x", "-noattr", "-nocerts"), own.cms(BODY, "-noattr")]
    blobs += [
        own.cms(BODY, "-noattr", "-nocerts", "-md", md) for md in ("sha1", "sha224", "sha384", "sha512")
    ]
    anywhere = [chosen.randrange(len(good)) for _ in range(FLIPPED)]
    for base, places in ((good, anywhere), (good, _end(good)), (foreign, _end(foreign) * 3)):
        for at in places:
            changed = bytearray(base)
            changed[at] ^= 1 << chosen.randrange(8)
            blobs.append(bytes(changed))
    return [BODY + m.appended(blob) for blob in blobs]


def _end(blob: bytes) -> list[int]:
    return list(range(len(blob) - SIGNATURE, len(blob)))


def test_verdicts_are_those_of_a_kernel_that_has_ecdsa(tmp_path: Path) -> None:
    own, other = (openssl.root(tmp_path, name, key=P256) for name in ("o", "p"))
    cases, path = images(own, other), tmp_path / "images.json"
    path.write_text(json.dumps([image.hex() for image in cases]))
    package = unpacked(newest("linux-image-cloud-amd64", "trixie"), "trixie")
    kernel = keyed.kernel([own.der], tmp_path / "vmlinux", package)
    call = "tests.lanes.guest.signed:verdicts"
    theirs = qemu.run(call, str(path), [], files=[path], image=kernel, cpu=CPU)
    crypto = EVERYTHING - {"md4", "sm3", "streebog256", "streebog512"}
    ours = [verdict(verifier.check(image, [own.der], crypto, twice=True)) for image in cases]
    plain = [
        [[code, [[n, NUMBER.sub(r"\1 N", text)] for n, text in log]] for code, log in side]
        for side in (ours, theirs)
    ]
    assert [
        pair for pair in zip(*plain, strict=True) if pair[0] != pair[1] and SHA3 not in str(pair[0])
    ] == []
    assert len(cases) == 8 + FLIPPED + 4 * SIGNATURE
