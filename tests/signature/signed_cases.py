"""Signed images in every state that decides the kernel's verdict."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.elf.made import MAGIC, sequence, value
from tests.kernel.emulated import messages as m
from tests.signature import certificates_made
from tests.signature.signed_attributes import attributes
from tests.signature.signed_chains import chains
from tests.signature.signed_encoding import encoding, padding
from tests.signature.signed_fields import fields
from tests.signature.signed_keys import BODY, Keys, own_signer

FUZZED = 700  # of each kind


def images(k: Keys) -> dict[str, bytes]:
    """The images by the names of their cases."""
    blobs = {**_plain(k), **fields(k), **attributes(k), **chains(k), **padding(k), **encoding(k)}
    blobs |= certificates_made.messages(k.other, BODY)
    found = {name: BODY + m.appended(blob) for name, blob in blobs.items()}
    return {**found, **_records(k), **_bodies(k)}


def fuzzed(k: Keys) -> Iterator[bytes]:
    """Images with one or two bytes of the message changed, removed or inserted; always the same."""
    chosen = random.Random(61)  # noqa: S311 -- no secret
    bases = (k.own.cms(BODY, "-noattr", "-nocerts"), k.below.cms(BODY, "-noattr"), _rich(k))
    for base in bases:
        for _ in range(FUZZED):
            blob = bytearray(base)
            for _ in range(chosen.randint(1, 2)):
                at = chosen.randrange(len(blob))
                blob[at : at + chosen.randrange(2)] = chosen.randbytes(chosen.randrange(2))
                blob[at : at + 1] = bytes(byte ^ 1 << chosen.randrange(8) for byte in blob[at : at + 1])
            yield BODY + m.appended(bytes(blob))


def _rich(k: Keys) -> bytes:
    """A valid message with every optional part."""
    unsigned = value(0xA1, m.attribute("1.2.3.4", value(5)))
    return m.message(
        m.signer(m.by_serial(k.below), k.below.sign(BODY), behind=unsigned),
        certificates=m.certificates(k.below_serial, k.below, k.plain),
        revoked=value(0xA1, sequence(k.plain.der)),
        behind=b"what follows is not read",
    )


def _plain(k: Keys) -> dict[str, bytes]:
    cms = {
        md: k.own.cms(BODY, "-noattr", "-nocerts", "-md", md) for md in ("sha1", "sha224", "sha384", "sha512")
    }
    return {
        "openssl cms": k.own.cms(BODY, "-noattr", "-nocerts"),
        "by key": k.own.cms(BODY, "-noattr", "-nocerts", "-keyid"),
        "with certificate": k.own.cms(BODY, "-noattr"),
        "data inside": k.own.cms(BODY, "-noattr", "-nocerts", "-nodetach"),
        "with attributes": k.own.cms(BODY, "-nocerts"),
        "unknown key": k.other.cms(BODY, "-noattr", "-nocerts"),
        "unknown key with certificate": k.other.cms(BODY, "-noattr"),
        "unknown key with attributes": k.other.cms(BODY),
        "smime data": k.own.cms(BODY, "-noattr", "-nocerts", "-md", "md5"),
        **{f"openssl cms {md}": blob for md, blob in cms.items()},
        "built by hand": m.message(own_signer(k)),
        "everything": _rich(k),
        "of other data": m.message(m.signer(m.by_serial(k.own), k.own.sign(b"x"))),
        "of other data by an unknown key": m.message(m.signer(m.by_serial(k.other), k.other.sign(b"x"))),
        "of other data, with certificate": k.other.cms(b"x", "-noattr"),
        "nothing": b"",
        "one byte": b"0",
        "text": b"this is no signature",
        "too long": value(0x30, bytes(65535)),
        "as long as can be": value(0x30, bytes(65531)),
    }


def _records(k: Keys) -> dict[str, bytes]:
    blob = m.message(own_signer(k))
    zero = bytes([0, 0, 2, 0, 0, 0, 0, 0])
    changed = {
        f"record byte {at} is {number}": BODY
        + m.appended(blob, bytes(number if place == at else byte for place, byte in enumerate(zero)))
        for at in range(8)
        for number in (1, 3)
    }
    lengths = {"0": 0, "one less": len(blob) - 1, "one more": len(blob) + 1, "all": len(blob) + len(BODY)}
    lengths |= {"all but one": len(blob) + len(BODY) - 1, "much": 0xFFFFFFFF}
    return {
        **changed,
        **{f"length: {name}": BODY + m.appended(blob, length=length) for name, length in lengths.items()},
        "only the marker": MAGIC * 3,
        "marker and record": b"x" * 40 + bytes(12) + MAGIC,
        "marker without end": BODY + m.appended(blob)[:-1],
        "marker twice": BODY + m.appended(blob) + MAGIC,
        "signed twice": BODY + m.appended(blob) + m.appended(blob),
    }


def _bodies(k: Keys) -> dict[str, bytes]:
    blob = m.appended(m.message(own_signer(k)))
    return {
        "not signed": BODY,
        "changed first byte": b"x" + BODY[1:] + blob,
        "changed last byte": BODY[:-1] + b"x" + blob,
        "longer": BODY + b"\0" + blob,
        "shorter": BODY[:-1] + blob,
    }
