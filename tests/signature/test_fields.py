"""Signature fields as kmod reads them with a crypto library, from hand-made trailers and messages."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.elf.scan import Elf
from pymodutils.signature import fields
from pymodutils.signature.fields import SIGNED_DATA, pkcs7
from tests.elf import made
from tests.elf.made import COMMON_NAME, ORGANISATION, UNIT, attribute, trailer, value
from tests.oracles.kmod import kmod34

MODULE = made.modinfo(b"license=GPL")
PGP, X509, PKCS7 = 0, 1, 2


def named(*attributes: bytes) -> bytes:
    return made.pkcs7(issuer=(value(0x31, *attributes),))


def serial(number: bytes) -> bytes:
    return made.pkcs7(serial=number)


def digest(oid: str) -> bytes:
    return made.pkcs7(digest=oid)


INDEFINITE = b"\x30\x80" + made.pkcs7()[2:] + b"\0\0"
MESSAGES = {
    "plain": made.pkcs7(),
    "no common name": made.pkcs7(issuer=(value(0x31, attribute(ORGANISATION, b"Org")),)),
    "two common names": named(attribute(COMMON_NAME, b"One"), attribute(COMMON_NAME, b"Two")),
    "common name among others": named(attribute(UNIT, b"Unit"), attribute(COMMON_NAME, b"Inner")),
    "last of several": named(attribute(ORGANISATION, b"Org"), attribute(UNIT, b"Unit")),
    "empty issuer": made.pkcs7(issuer=()),
    "empty common name": named(attribute(COMMON_NAME, b"")),
    "sixteen bits": named(attribute(COMMON_NAME, "Hé".encode("utf-16-be"), 30)),
    "printable": named(attribute(COMMON_NAME, b"Print", 19)),
    "latin": named(attribute(COMMON_NAME, b"T\xe961", 20)),
    "utf-8": named(attribute(COMMON_NAME, "Hé".encode())),
    "not utf-8": named(attribute(COMMON_NAME, b"\xff\xfe")),
    "NUL": named(attribute(COMMON_NAME, b"a\0b")),
    "newline": named(attribute(COMMON_NAME, b"a\nb")),
    "a number for a name": named(attribute(COMMON_NAME, b"\5", 2)),
    **{
        f"serial {number.hex()}": serial(number)
        for number in (b"\0", b"\0\x80", b"\x80", b"\xff\x12\x34", b"", b"\0\1", bytes(range(1, 46)), b"\xff")
    },
    **{
        f"digest {oid}": digest(oid)
        for oid in (*fields.DIGESTS, "1.2.3.4.5", "2.999.12345678901234567890", "0.39.1", "1.39.7")
    },
    "key identifier": made.pkcs7(who=value(0x80, b"\xaa\xbb")),
    "two signers": made.pkcs7(signers=2),
    "no signer": made.pkcs7(signers=0),
    "attributes": made.pkcs7(attributes=value(0xA0, made.sequence(made.oid(UNIT), value(0x31, value(5))))),
    "no signature": made.pkcs7(signature=b""),
    "not signed data": made.pkcs7(outer="1.2.840.113549.1.7.1"),
    "indefinite length": INDEFINITE,
    "indefinite length without end": INDEFINITE[:-2],
    "something behind": made.pkcs7() + b"zz",
    "nothing": b"\0",
    "tags without end": b"\xff" * 50,
    **{f"cut at {at}": made.pkcs7()[:at] for at in range(1, len(made.pkcs7()), 11)},
}
TRAILERS = {
    **{f"hash {number}": trailer(PGP, b"Joe", b"KEY", bytes(41), hashed=number) for number in range(11)},
    **{
        f"algorithm {number}": trailer(X509, b"Joe", b"\1\2", b"sig", algorithm=number) for number in range(4)
    },
    **{f"kind {number}": trailer(number, b"Joe", b"\1\2", b"sig") for number in range(4)},
    "twenty": trailer(X509, b"Joe", b"K", bytes(20)),
    "nothing": trailer(PGP, b"", b"", b""),
    "no signer": trailer(PGP, b"", b"abc", b"def"),
    "no key": trailer(PGP, b"Joe", b"", b"def"),
    "no signature": trailer(PGP, b"Joe", b"abc", b""),
    "NUL": trailer(PGP, b"J\0oe\xff\n", b"abc", b"sdf"),
    "more than there is": trailer(PGP, b"Joe", b"abc", b"sdf", length=0x7FFFFFFF),
    "much more than there is": trailer(PGP, b"Joe", b"abc", b"sdf", length=0xFFFFFFFF),
    "long": trailer(PGP, b"Joe", b"abc", bytes(range(256)) * 20),
    **{f"PKCS#7: {name}": trailer(PKCS7, b"", b"", message) for name, message in MESSAGES.items()},
    "PKCS#7 with a signer": trailer(PKCS7, b"Joe", b"abc", made.pkcs7()),
}
FIELDS = ("sig_id", "signer", "sig_key", "sig_hashalgo", "signature")


def seen(data: bytes) -> list[bytes]:
    """The output of modinfo -F for each field."""
    found = fields.find(Elf(data))
    if found is None:
        return []
    signer = found.signer.encode("utf-8", "surrogateescape")
    return [found.kind.encode(), signer, found.key, found.hashalgo.encode(), found.value]


def unhexed(text: bytes) -> bytes:
    return bytes.fromhex(text.decode().replace(":", ""))


@pytest.mark.lane
@pytest.mark.parametrize("name", TRAILERS)
def test_as_kmod_reads_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "made.ko"
    path.write_bytes(MODULE + TRAILERS[name])
    shown = subprocess.run([*kmod34("modinfo"), "-0", path], capture_output=True, check=True).stdout
    pairs = [pair.split(b"=", 1) for pair in shown.split(b"\0") if b"=" in pair]
    assert [key.decode() for key, _ in pairs[1:]] in ([], list(FIELDS))
    kind = [text if at not in (2, 4) else unhexed(text) for at, (_, text) in enumerate(pairs[1:])]
    assert seen(MODULE + TRAILERS[name]) == kind


@pytest.mark.parametrize("size", range(0, 60, 7))
def test_a_short_file_has_none(size: int) -> None:
    class Short:
        def __init__(self, data: bytes) -> None:
            self.data, self.size = data, len(data)

        def read(self, offset: int, size: int) -> bytes:
            return self.data[offset : offset + size]

    assert fields.find(Short(trailer(PGP, b"Joe", b"abc", b"")[-size:])) is None


@given(st.binary(max_size=60), st.integers(0, 400))
def test_damaged_messages_are_no_signature_or_one(noise: bytes, at: int) -> None:
    whole = made.pkcs7()
    found = pkcs7(whole[:at] + noise + whole[at + len(noise) :])
    assert found is None or found.kind == "PKCS#7"


@given(st.binary(min_size=32, max_size=32), st.integers(0, 400), st.integers(0, 255))
def test_what_the_message_before_was_does_not_matter(value: bytes, at: int, byte: int) -> None:
    message = bytearray(made.pkcs7(signature=value))
    message[at % len(message)] = byte
    pkcs7(made.pkcs7())
    after = pkcs7(bytes(message))
    pkcs7(digest("1.2.3"))
    assert pkcs7(bytes(message)) == after


@pytest.mark.parametrize("depth", [10, 5000])
def test_nesting_without_end_is_damage(depth: int) -> None:
    assert pkcs7(b"\x30\x80" * depth) is None


def test_the_object_identifier_is_that_of_rfc_2315() -> None:
    assert made.oid("1.2.840.113549.1.7.2")[2:] == SIGNED_DATA
