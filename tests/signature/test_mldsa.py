"""ML-DSA signatures by OpenSSL 3.5, alone, in messages, and with a certificate."""

from __future__ import annotations

import json
from base64 import b64decode
from errno import EBADMSG, EINVAL, EKEYREJECTED, ENOKEY, ENOPKG
from pathlib import Path

import pytest

from pymodutils.signature import mldsa
from pymodutils.signature import verify as verifier
from pymodutils.signature.digests import EVERYTHING, WAIVES, Crypto
from pymodutils.signature.rejected import Rejected
from tests.elf.made import value
from tests.kernel.emulated import messages as m
from tests.oracles.openssl35 import openssl
from tests.signature.signed_keys import BODY

VECTORS = json.loads(Path(__file__).with_name("mldsa.json").read_text("ascii"))
IDS = {"mldsa44": 17, "mldsa65": 18, "mldsa87": 19}
KINDS = tuple(IDS)


def vector(kind: str) -> tuple[bytes, bytes, bytes]:
    key, data, signature = map(b64decode, VECTORS[kind])
    return key, data, signature


def errno(kind: str, key: bytes, data: bytes, value: bytes) -> int:
    try:
        mldsa.verify(kind, key, data, value)
    except Rejected as error:
        return error.errno
    return 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_is_that_of_its_data_under_its_key(kind: str) -> None:
    key, data, value = vector(kind)
    assert errno(kind, key, data, value) == 0
    assert errno(kind, key, data + b"x", value) == EKEYREJECTED
    assert errno(kind, key[:-1] + bytes((key[-1] ^ 1,)), data, value) == EKEYREJECTED
    assert errno(kind, key, data, bytes((value[0] ^ 1,)) + value[1:]) == EKEYREJECTED


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_signature_is_told_apart(kind: str) -> None:
    key, data, value = vector(kind)
    of = mldsa.SETS[kind]
    assert errno(kind, key[:-1], data, value) == EINVAL
    assert errno(kind, key, data, value + b"\0") == EBADMSG
    large = value[: of.commitment] + bytes(4) + value[of.commitment + 4 :]
    assert errno(kind, key, data, large) == EBADMSG
    for end in (of.omega + 1, 0):
        assert errno(kind, key, data, value[:-1] + bytes((end,))) == EBADMSG
    assert errno(kind, key, data, value[: -of.k - 1] + b"\1" + value[-of.k :]) == EBADMSG


class Made:
    """A key of ``kind``, with a certificate that it has signed itself."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        name = f"ml-dsa-{kind[-2:]}"
        files = ("-keyout", "k.key", "-out", "k.pem")
        openssl(folder, "req", "-x509", "-nodes", "-newkey", name, *files, "-days", "9999", "-subj", "/CN=k")
        self.der = openssl(folder, "x509", "-in", "k.pem", "-outform", "DER")
        words = ("x509", "-in", "k.pem", "-noout", "-ext", "subjectKeyIdentifier")
        self.skid = bytes.fromhex(openssl(folder, *words).decode().split()[-1].replace(":", ""))

    def message(self, data: bytes) -> bytes:
        """A message as created by sign-file, with a signature over the data."""
        (self.folder / "data").write_bytes(data)
        signed = openssl(self.folder, "pkeyutl", "-sign", "-inkey", "k.key", "-in", "data", "-rawin")
        kind = m.algorithm(f"2.16.840.1.101.3.4.3.{IDS[self.kind]}", b"")
        name = value(0x80, self.skid)
        digest = m.algorithm(m.HASHES["sha512"], b"")
        one = m.signer(name, signed, version=m.integer(3), digest=digest, kind=kind)
        return m.message(one, version=m.integer(3))

    def cms(self, data: bytes) -> bytes:
        """A message as created by ``openssl cms``, with a signature over attributes."""
        words = ("-signer", "k.pem", "-inkey", "k.key", "-nocerts", "-keyid", "-md", "sha512", "-nosmimecap")
        return openssl(self.folder, "cms", "-sign", "-binary", "-outform", "DER", *words, data=data)

    def verdict(self, body: bytes, message: bytes, crypto: Crypto = EVERYTHING) -> int:
        return verifier.check(body + m.appended(message), [self.der], crypto).errno


@pytest.fixture(scope="module", params=KINDS)
def identity(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(request.param, tmp_path_factory.mktemp("mldsa"))


@pytest.mark.lane
def test_messages(identity: Made) -> None:
    message = identity.message(BODY)
    assert identity.verdict(BODY, message) == 0
    assert identity.verdict(BODY + b"x", message) == EKEYREJECTED
    without = Crypto(EVERYTHING.names - {identity.kind}, (7, 2))  # its certificate is no key then
    assert identity.verdict(BODY, message, without) == ENOKEY
    assert identity.verdict(BODY, message, EVERYTHING._replace(release=(6, 12))) == ENOPKG


@pytest.mark.lane
def test_attributes_pass_where_the_kernel_was_built_to_waive_them(identity: Made) -> None:
    message = identity.cms(BODY)
    assert identity.verdict(BODY, message) == 0
    assert identity.verdict(BODY + b"x", message) == EKEYREJECTED
    strict = Crypto(EVERYTHING.names - {WAIVES}, (7, 2))
    assert identity.verdict(BODY, message, strict) == EKEYREJECTED
