"""ECDSA and certificate files, compared with openssl."""

from __future__ import annotations

import random
import subprocess

import pytest

from pymodutils.errors import ModutilsError
from pymodutils.signature import curves, x509
from pymodutils.signature import verify as verifier
from pymodutils.signature.digests import EVERYTHING, digest
from pymodutils.signature.pem import certificates
from pymodutils.signature.public_key import Signed, verify
from pymodutils.signature.rejected import PrintkLog, Rejected
from tests.elf.made import sequence
from tests.kernel.emulated import messages as m
from tests.oracles import openssl
from tests.oracles.debian import Unavailable
from tests.oracles.openssl import Identity

CURVES = {"P-256": "sha256", "P-384": "sha384", "P-521": "sha512"}
DATA = b"what is signed"


@pytest.fixture(scope="module", params=CURVES)
def identity(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Identity:
    folder = tmp_path_factory.mktemp("keys")
    try:
        key = f"ec -pkeyopt ec_paramgen_curve:{request.param}"
        return openssl.root(folder, "curve", key=key, md=CURVES[request.param])
    except Unavailable as error:
        pytest.skip(str(error))


def accepts(identity: Identity, hashed: str, value: bytes, data: bytes) -> bool:
    cert = x509.parse(identity.der, EVERYTHING, PrintkLog())
    try:
        verify(cert.key, Signed("ecdsa", hashed, digest(hashed, data), value), EVERYTHING)
    except Rejected:
        return False
    return True


def openssl_accepts(identity: Identity, hashed: str, value: bytes, data: bytes) -> bool:
    folder = identity.folder
    (folder / "value").write_bytes(value)
    (folder / "public").write_bytes(openssl.openssl(folder, "x509", "-in", "curve.pem", "-noout", "-pubkey"))
    try:
        openssl.openssl(folder, "dgst", f"-{hashed}", "-verify", "public", "-signature", "value", data=data)
    except subprocess.CalledProcessError:
        return False
    return True


@pytest.mark.parametrize("hashed", ["sha1", "sha224", "sha256", "sha384", "sha512"])
def test_signatures_of_openssl_are_good(identity: Identity, hashed: str) -> None:
    value = identity.sign(DATA, hashed)
    assert accepts(identity, hashed, value, DATA)
    assert not accepts(identity, hashed, value, DATA + b"x")


def test_damaged_signatures_are_as_openssl_says(identity: Identity) -> None:
    value, chosen = identity.sign(DATA), random.Random(7)  # noqa: S311 -- no secret
    for _ in range(40):
        changed = bytearray(value)
        changed[chosen.randrange(len(value))] ^= 1 << chosen.randrange(8)
        assert accepts(identity, "sha256", bytes(changed), DATA) == openssl_accepts(
            identity, "sha256", bytes(changed), DATA
        )


def test_a_module_may_be_signed_on_a_curve(identity: Identity) -> None:
    image = DATA + m.appended(identity.cms(DATA, "-noattr", "-nocerts"))
    rejected, missing = 129, 126
    assert verifier.check(image, [identity.der])[:2] == (len(DATA), 0)
    assert verifier.check(b"x" + image[1:], [identity.der]).errno == rejected
    assert verifier.check(image, []).errno == missing


def test_certificates_are_read_in_every_form(identity: Identity) -> None:
    pem = (identity.folder / "curve.pem").read_bytes()
    for data in (pem, identity.der, pem * 2, identity.der * 2, b"Subject: x\n" + pem + b"\nmore\n"):
        assert set(certificates(data, "x.pem")) == {identity.der}
    assert len(certificates(pem * 3, "x.pem")) == 3


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"\x30",
        sequence(b""),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\n",
    ],
)
def test_what_is_none_is_told_in_one_line(data: bytes) -> None:
    with pytest.raises(ModutilsError, match=r"^x\.pem: ") as caught:
        certificates(data, "x.pem")
    assert "\n" not in str(caught.value)


def test_what_cannot_be_read_is_no_key() -> None:
    assert verifier.check(bytes(100), [b"no certificate"]).errno == 61  # ENODATA
    blob = m.message(b"")
    assert verifier.check(DATA + m.appended(blob), [bytes(9)]).errno == 74  # EBADMSG


@pytest.mark.parametrize("curve", curves.CURVES.values(), ids=curves.CURVES)
def test_sums_at_the_edges_of_the_group(curve: curves.Curve) -> None:
    """Equal and opposite points, and the one at infinity: the formulas of addition do not hold for them."""
    total, g, n = curves.sum_of_multiples, curve.g, curve.n
    opposite = (g[0], curve.p - g[1])
    assert total(curve, 5, g, 5, opposite) is None
    assert total(curve, n, g, 0, g) is None
    assert total(curve, 0, g, 0, g) is None
    assert total(curve, n - 1, g, 0, g) == opposite
    assert total(curve, n + 3, g, n - 2, opposite) == total(curve, 2, g, 3, g) == total(curve, 5, g, 0, g)
    double = total(curve, 1, g, 1, g)
    assert double is not None
    assert total(curve, 4, g, 3, double) == total(curve, 10, g, 0, g)


def test_a_multiple_of_the_base_point_is_that_of_nist() -> None:
    curve = curves.CURVES["ecdsa-nist-p256"]
    x = 0x7CF27B188D034F7E8A52380304B51AC3C08969E277F21B35A60B48FC47669978
    y = 0x07775510DB8ED040293D9AC69F7430DBBA7DADE63CE982299E04B79D227873D1
    assert curves.sum_of_multiples(curve, 2, curve.g, 0, curve.g) == (x, y)
