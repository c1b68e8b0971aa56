"""ECDSA signatures, compared with 6.12 and 7.x, whose modules are signed on a curve."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from pymodutils.elf import compress
from pymodutils.signature import verify as verifier
from pymodutils.signature.digests import EVERYTHING, WAIVES, Crypto
from pymodutils.signature.names import MLDSA
from tests.elf.made import oid, sequence, value
from tests.kernel.emulated import messages as m
from tests.lanes import qemu
from tests.link.modules import in_order
from tests.oracles import kernels, keyed, openssl
from tests.signature import certificates_made
from tests.signature.signed_keys import BODY, P256, P521
from tests.signature.test_verify import verdict

pytestmark = [pytest.mark.lane, pytest.mark.slow]
ABSENT = {"md4", "sm3", "streebog256", "streebog512", *MLDSA.values(), WAIVES}
FLIPPED = 300
SIGNATURE = 72  # bytes at the end of a message, at most
SHA3 = ("2.16.840.1.101.3.4.2.7", *(f"2.16.840.1.101.3.4.2.{arc}" for arc in (8, 9, 10)))
HASHES = (*m.HASHES.values(), *SHA3, "1.2.840.113549.2.2", "1.3.132.0.35", "1.2.3.4")
KINDS = (
    *(m.RSA, "1.2.156.10197.1.501", "1.2.643.7.1.1.1.1", "1.2.643.7.1.1.1.2", "1.2.3"),
    *("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.4", "1.2.840.10045.4.1", "1.2.840.10045.4.3.4"),
    *(f"2.16.840.1.101.3.4.3.{arc}" for arc in range(9, 21)),
)


def images(own: openssl.Identity, other: openssl.Identity, large: openssl.Identity) -> list[bytes]:
    """Valid ones, and ones with one bit changed, also in certificates; ``own`` signed ``large``."""
    chosen = random.Random(3)  # noqa: S311 -- no secret
    good, foreign = own.cms(BODY, "-noattr", "-nocerts"), other.cms(BODY, "-noattr")
    below = large.cms(BODY, "-noattr", "-md", "sha512")
    blobs = [good, foreign, own.cms(b"x", "-noattr", "-nocerts"), own.cms(BODY, "-noattr"), below]
    blobs += [
        who.cms(BODY, "-noattr", *words, "-md", md)
        for who, words in ((own, ("-nocerts",)), (large, ()))
        for md in ("sha1", "sha224", "sha256", "sha384", "sha512")
    ]
    anywhere = [chosen.randrange(len(good)) for _ in range(FLIPPED)]
    in_certificate = [chosen.randrange(len(foreign)) for _ in range(FLIPPED)]
    bases = ((good, anywhere), (good, _end(good)), (foreign, _end(foreign) * 3), (foreign, in_certificate))
    for base, places in (*bases, (below, _end(below) * 2)):
        for at in places:
            changed = bytearray(base)
            changed[at] ^= 1 << chosen.randrange(8)
            blobs.append(bytes(changed))
    return [BODY + m.appended(blob) for blob in (*blobs, *identified(own, other))]


def identified(own: openssl.Identity, other: openssl.Identity) -> list[bytes]:
    """Messages with identifiers that not every release knows."""
    ours, theirs = ((m.by_serial(who), who.sign(BODY)) for who in (own, other))
    ecdsa = m.algorithm(m.ECDSA_SHA256, b"")
    found: list[bytes] = []
    for md in HASHES:
        signers = [m.signer(*who, kind=ecdsa, digest=m.algorithm(md)) for who in (ours, theirs)]
        found += map(m.message, signers)
        found.append(m.message(m.signer(*ours, kind=ecdsa), digests=value(0x31, m.algorithm(md))))
        found.append(m.message(m.signer(*ours, kind=ecdsa), content=sequence(oid(md))))
    for kind in KINDS:
        for who in (ours, theirs):
            one = m.signer(*who, kind=m.algorithm(kind))
            found += [m.message(one), m.message(one, certificates=m.certificates(own, other))]
    return found


def _end(blob: bytes) -> list[int]:
    return list(range(len(blob) - SIGNATURE, len(blob)))


@pytest.mark.parametrize(
    ("name", "release", "hashes"), [("trixie", (6, 12), ()), ("forky", (7, 2), ("sha3",))]
)
def test_verdicts_are_those_of_a_kernel_that_has_ecdsa(
    name: str, release: tuple[int, int], hashes: tuple[str, ...], tmp_path: Path
) -> None:
    own, other = (openssl.root(tmp_path, name, key=P256) for name in ("o", "p"))
    large, rsa = openssl.leaf(tmp_path, "q", own, key=P521), openssl.root(tmp_path, "r")
    cases, path = images(own, other, large), tmp_path / "images.json"
    cases += [BODY + m.appended(blob) for blob in certificates_made.messages(rsa, BODY).values()]
    path.write_text(json.dumps([image.hex() for image in cases]))
    kernel = keyed.kernel([own.der], tmp_path / "vmlinux", kernels.kernel(name).image)
    call = "tests.lanes.guest.signed:verdicts"
    modules = []
    for module in in_order(name, hashes):
        modules.append(tmp_path / f"{module.name.partition('.')[0]}.ko")
        modules[-1].write_bytes(compress.read(str(module)))
    names = [str(module) for module in modules]
    theirs = qemu.run(call, str(path), names, files=[path, *modules], image=kernel, cpu=qemu.LATER_CPU)
    crypto = Crypto(EVERYTHING.names - ABSENT, release)
    ours = [verdict(verifier.check(image, [own.der], crypto, twice=True)) for image in cases]
    assert [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]] == []
    assert len(cases) > 400 + FLIPPED
