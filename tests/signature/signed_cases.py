"""Images that are signed, damaged and misused in every way that decides what the kernel says of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.elf.made import MAGIC, oid, sequence, value
from tests.kernel.emulated import messages as m
from tests.oracles import openssl
from tests.oracles.openssl import Identity
from tests.signature import certificates_made

BODY = b"data and no module at all, of more bytes than an ELF header has: " * 2
NO_KEY_ID = "basicConstraints=CA:FALSE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
P256, P521 = (f"ec -pkeyopt ec_paramgen_curve:P-{bits}" for bits in (256, 521))
FUZZED = 700  # of each kind


class Keys(NamedTuple):
    """Who signs: the kernel trusts ``own`` alone."""

    own: Identity
    other: Identity
    below: Identity  # signed by own
    below_serial: Identity  # the same, naming it by its serial number too
    below_only_serial: Identity
    below_nobody: Identity  # the same, without naming its key
    stranger: Identity  # signed by other
    twin: Identity  # has own's name, not its key
    grandchild: Identity  # signed by below
    short: Identity  # 1000 bits
    small: Identity  # 1024 bits
    curve: Identity  # P-256
    plain: Identity  # without extensions


def keys(folder: Path) -> Keys:
    """Fresh keys in ``folder``."""
    own = openssl.root(folder, "own")
    other = openssl.root(folder, "other", md="sha512")
    below = openssl.leaf(folder, "below", own)
    twins = folder / "twins"
    twins.mkdir()
    return Keys(
        own=own,
        other=other,
        below=below,
        below_serial=openssl.leaf(folder, "serial", own, openssl.WITH_SERIAL),
        below_only_serial=openssl.leaf(folder, "only", own, openssl.ONLY_SERIAL),
        below_nobody=openssl.leaf(folder, "nobody", own, NO_KEY_ID),
        stranger=openssl.leaf(folder, "stranger", other),
        twin=openssl.root(twins, "own"),
        grandchild=openssl.leaf(folder, "grandchild", below),
        short=openssl.root(folder, "short", key="rsa:1000"),
        small=openssl.root(folder, "small", key="rsa:1024", md="sha1"),
        curve=openssl.root(folder, "curve", key=P256),
        plain=openssl.leaf(folder, "plain", own, NO_KEY_ID, md="sha224"),
    )


def images(k: Keys) -> dict[str, bytes]:
    """The images by the names of their cases."""
    blobs = {**_plain(k), **_fields(k), **_attributes(k), **_chains(k), **_padding(k), **_encoding(k)}
    blobs |= certificates_made.messages(k.other, BODY)
    found = {name: BODY + m.appended(blob) for name, blob in blobs.items()}
    return {**found, **_records(k), **_bodies(k)}


def fuzzed(k: Keys) -> Iterator[bytes]:
    """Images with one or two bytes of the message changed, taken away or put in; the same ones each time."""
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


def _own(k: Keys, **fields: Any) -> bytes:
    return m.signer(m.by_serial(k.own), k.own.sign(BODY), **fields)


def _rich(k: Keys) -> bytes:
    """A message that has everything a message can have, and is good."""
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
        "built by hand": m.message(_own(k)),
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


def _fields(k: Keys) -> dict[str, bytes]:
    good, sid, sign = _own(k), m.by_serial(k.own), k.own.sign(BODY)
    key = value(0x80, k.own.skid)
    found = {
        "no signed data": m.message(good, outer=oid("1.2.840.113549.1.7.1")),
        "unknown outer type": m.message(good, outer=oid("1.2.3.4.5.6")),
        "no content at all": sequence(oid(m.SIGNED_DATA)),
        "version 2": m.message(good, version=m.integer(2)),
        "version 3": m.message(good, version=m.integer(3)),
        "version of two bytes": m.message(good, version=value(2, b"\0\1")),
        "version of no byte": m.message(good, version=value(2)),
        "no version": m.message(good, version=b""),
        "signer version 0": m.message(_own(k, version=m.integer(0))),
        "signer version 3 in 1": m.message(_own(k, version=m.integer(3))),
        "both versions 3, by serial": m.message(_own(k, version=m.integer(3)), version=m.integer(3)),
        "both versions 3, by key": m.message(m.signer(key, sign, version=m.integer(3)), version=m.integer(3)),
        "version 1, by key": m.message(m.signer(key, sign)),
        "key of another": m.message(
            m.signer(value(0x80, k.other.skid), sign, version=m.integer(3)), version=m.integer(3)
        ),
        "empty key": m.message(m.signer(value(0x80), sign, version=m.integer(3)), version=m.integer(3)),
        "no signer's name": m.message(m.signer(b"", sign)),
        "another serial number": m.message(m.signer(sequence(k.own.issuer, value(2, b"\1")), sign)),
        "another issuer": m.message(m.signer(sequence(k.other.issuer, value(2, k.own.serial)), sign)),
        "empty issuer": m.message(m.signer(sequence(sequence(), value(2, k.own.serial)), sign)),
        "unknown attribute of the issuer": m.message(
            m.signer(
                sequence(sequence(value(0x31, sequence(oid("1.2.3.9"), value(12, b"a")))), m.integer(1)), sign
            )
        ),
        "no digests": m.message(good, digests=b""),
        "empty digests": m.message(good, digests=value(0x31)),
        "digests as a sequence": m.message(good, digests=sequence(m.algorithm(m.HASHES["sha256"]))),
        "unknown digests": m.message(good, digests=value(0x31, m.algorithm("1.2.3.4"))),
        "two digests": m.message(
            good, digests=value(0x31, m.algorithm(m.HASHES["sha1"]), m.algorithm(m.HASHES["sha256"], b""))
        ),
        "no content type": m.message(good, content=b""),
        "unknown content type": m.message(good, content=sequence(oid("1.2.3.4.5"))),
        "another content type": m.message(good, content=sequence(oid("1.2.840.113549.1.7.2"))),
        "Authenticode without attributes": m.message(good, content=sequence(oid(m.INDIRECT))),
        "empty data": m.message(good, content=sequence(oid(m.DATA), value(0xA0, value(4)))),
        "data of any type": m.message(good, content=sequence(oid(m.DATA), value(0xA0, m.NULL))),
        "no data in the wrapping": m.message(good, content=sequence(oid(m.DATA), value(0xA0))),
        "no signers": m.message(),
        "empty signers": m.message(b""),
        "signers as a sequence": m.message(good, signer_tag=0x30),
        "signers with another tag": m.message(good, signer_tag=0xA5),
        "two good signers": m.message(good, good),
        "unknown and good signer": m.message(m.signer(m.by_serial(k.other), k.other.sign(BODY)), good),
        "good and unknown signer": m.message(good, m.signer(m.by_serial(k.other), k.other.sign(BODY))),
        "good and bad signer": m.message(good, m.signer(sid, k.own.sign(b"x"))),
        "unsupported and good signer": m.message(_own(k, digest=m.algorithm(m.HASHES["streebog256"])), good),
        "good and unsupported signer": m.message(good, _own(k, digest=m.algorithm(m.HASHES["sm3"]))),
        "unknown and unsupported signer": m.message(
            m.signer(m.by_serial(k.other), k.other.sign(BODY)),
            _own(k, digest=m.algorithm(m.HASHES["sm3"])),
        ),
        "unsupported and unknown signer": m.message(
            _own(k, digest=m.algorithm(m.HASHES["streebog256"])),
            m.signer(m.by_serial(k.other), k.other.sign(BODY)),
        ),
        "RSA called ECDSA": m.message(_own(k, kind=m.algorithm(m.ECDSA_SHA256, b""))),
        "RSA with its hash": m.message(_own(k, kind=m.algorithm("1.2.840.113549.1.1.11"))),
        "RSA called SM2": m.message(_own(k, kind=m.algorithm("1.2.156.10197.1.501"))),
        "RSA called GOST": m.message(_own(k, kind=m.algorithm("1.2.643.7.1.1.1.1"))),
        "unknown kind of key": m.message(_own(k, kind=m.algorithm("1.2.3"))),
        "kind without parameters": m.message(_own(k, kind=m.algorithm(m.RSA, b""))),
        "kind with two parameters": m.message(_own(k, kind=m.algorithm(m.RSA, m.NULL + m.NULL))),
        "signature of another tag": m.message(_own(k, octets=3)),
        "signer of another tag": m.message(_own(k, tag=0x31)),
        "something behind the signature": m.message(_own(k, behind=m.NULL)),
        "unsigned attributes": m.message(_own(k, behind=value(0xA1, m.attribute("1.2.3", m.NULL)))),
        "unsigned attributes as a sequence": m.message(
            _own(k, behind=value(0xA3, m.attribute("1.2.3", m.NULL)))
        ),
        "empty unsigned attributes": m.message(_own(k, behind=value(0xA1))),
        "bytes behind": m.message(good, behind=bytes(100)),
        "empty certificates": m.message(good, certificates=value(0xA0)),
        "empty certificates as a sequence": m.message(good, certificates=value(0xA2)),
        "certificates as a sequence": m.message(good, certificates=m.certificates(k.own, tag=0xA2)),
        "no certificate among them": m.message(good, certificates=value(0xA0, m.NULL)),
        "revoked": m.message(good, revoked=value(0xA1, sequence(k.own.der))),
        "revoked as a sequence": m.message(good, revoked=value(0xA3, sequence(k.own.der))),
        "revoked, none": m.message(good, revoked=value(0xA1, sequence())),
    }
    for name, dotted in m.HASHES.items():
        found[f"hash {name}"] = m.message(_own(k, digest=m.algorithm(dotted)))
        other = m.signer(m.by_serial(k.other), k.other.sign(BODY), digest=m.algorithm(dotted))
        found[f"hash {name} with certificate"] = m.message(other, certificates=m.certificates(k.other))
    return found


def _attributes(k: Keys) -> dict[str, bytes]:
    kind = m.attribute(m.CONTENT_TYPE, oid(m.DATA))
    digest = m.attribute(m.DIGEST, value(4, bytes(32)))
    capabilities = m.attribute(m.SMIME, sequence())
    lists = {
        "none": (),
        "required": (kind, digest),
        "type only": (kind,),
        "digest only": (digest,),
        "another type": (m.attribute(m.CONTENT_TYPE, oid("1.2.840.113549.1.7.2")), digest),
        "unknown type": (m.attribute(m.CONTENT_TYPE, oid("1.2.3.4")), digest),
        "twice": (kind, digest, kind),
        "two values": (kind, m.attribute(m.DIGEST, value(4, b"a"), value(4, b"b"))),
        "no value": (kind, m.attribute(m.DIGEST)),
        "digest of another tag": (kind, m.attribute(m.DIGEST, value(12, bytes(32)))),
        "capabilities": (kind, digest, capabilities),
        "opus": (kind, digest, m.attribute(m.OPUS, sequence())),
        "statement": (kind, digest, m.attribute(m.STATEMENT, sequence())),
        "unknown": (kind, digest, m.attribute("1.2.3.4.5", m.NULL)),
        "unknown twice": (kind, digest, m.attribute("2.999.4", m.NULL, m.NULL)),
        **{f"time {text}": (kind, digest, m.attribute(m.TIME, value(23, text.encode()))) for text in TIMES},
        **{
            f"long time {text}": (kind, digest, m.attribute(m.TIME, value(24, text.encode())))
            for text in LONG_TIMES
        },
    }
    found = {}
    for name, listed in lists.items():
        found[f"attributes: {name}"] = m.message(_own(k, attributes=value(0xA0, *listed)))
        sequenced = _own(k, attributes=value(0xA2, sequence(*listed)))
        found[f"attributes in a sequence: {name}"] = m.message(sequenced, certificates=m.certificates(k.own))
    found["attributes of one of two"] = m.message(_own(k, attributes=value(0xA0, kind, digest)), _own(k))
    return found


TIMES = (
    *("300101000000Z", "000229235959Z", "700101000000Z", "491231240060Z", "010229000000Z", "230431000000Z"),
    *("231301000000Z", "230100000000Z", "230101250000Z", "230101006000Z", "230101000061Z", "230101000000"),
    *("2301010000Z", "230101000000+", "23010100000aZ", "23010100000 Z", "690101000000Z", "991231235959Z"),
)
LONG_TIMES = ("20230101000000Z", "20500101000000Z", "99991231235959Z", "19491231235959Z", "21000229000000Z")


def _chains(k: Keys) -> dict[str, bytes]:
    def by(who: Identity, *certificates: Identity) -> bytes:
        return m.message(
            m.signer(m.by_serial(who), who.sign(BODY)), certificates=m.certificates(*certificates)
        )

    def bad(who: Identity, *certificates: Identity) -> bytes:
        return m.message(
            m.signer(m.by_serial(who), who.sign(b"x")), certificates=m.certificates(*certificates)
        )

    found = {}
    for name in Keys._fields:
        who = getattr(k, name)
        if name == "curve":
            continue
        found[f"signed by {name}"] = by(who, who)
        found[f"signed by {name}, with own"] = by(who, who, k.own)
        found[f"signed wrongly by {name}"] = bad(who, who)
    return {
        **found,
        "curve": m.message(
            m.signer(m.by_serial(k.curve), k.curve.sign(BODY), kind=m.algorithm(m.ECDSA_SHA256, b""))
        ),
        "curve with certificate": k.curve.cms(BODY, "-noattr"),
        "whole chain": by(k.grandchild, k.grandchild, k.below),
        "whole chain with root": by(k.grandchild, k.own, k.below, k.grandchild),
        "whole chain, wrong order, wrong signature": bad(k.grandchild, k.own, k.below, k.grandchild),
        "chain with a gap": by(k.grandchild, k.grandchild, k.own),
        "stranger with root": by(k.stranger, k.stranger, k.other),
        "stranger with root of the same name": by(k.below, k.below, k.twin),
        "serial with root of the same name": by(k.below_serial, k.below_serial, k.twin),
        "certificate of nobody who signed": by(k.own, k.other),
        "certificate twice": by(k.own, k.own, k.own),
        "two signers, one chain": m.message(
            m.signer(m.by_serial(k.below), k.below.sign(BODY)),
            m.signer(m.by_serial(k.below), k.below.sign(BODY)),
            certificates=m.certificates(k.below),
        ),
        "two signers, chain of strangers": m.message(
            m.signer(m.by_serial(k.stranger), k.stranger.sign(BODY)),
            m.signer(m.by_serial(k.other), k.other.sign(BODY)),
            certificates=m.certificates(k.stranger, k.other),
        ),
        "by key with certificate": m.message(
            m.signer(value(0x80, k.below.skid), k.below.sign(BODY), version=m.integer(3)),
            version=m.integer(3),
            certificates=m.certificates(k.below),
        ),
    }


def _padding(k: Keys) -> dict[str, bytes]:
    """Blocks that are not padded as they should be, each with the certificate for it."""
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    whole = 256
    blocks = {
        "as it should be": _block(whole, info + _sha256()),
        "no zero in front": b"\1" + _block(whole, info + _sha256())[1:],
        "block type 2": b"\0\2" + _block(whole, info + _sha256())[2:],
        "block type 0": b"\0\0" + _block(whole, info + _sha256())[2:],
        "filling of another byte": _block(whole, info + _sha256()).replace(
            b"\xff\xff\xff", b"\xff\xfe\xff", 1
        ),
        "short filling": b"\0\1" + b"\xff" * 7 + b"\0" + info + _sha256() + bytes(whole - 61),
        "enough filling": b"\0\1" + b"\xff" * 8 + b"\0" + info + _sha256() + bytes(whole - 62),
        "filling without end": b"\0\1" + b"\xff" * (whole - 2),
        "no hash": _block(whole, b""),
        "another hash": _block(whole, bytes.fromhex("3021300906052b0e03021a05000414") + _sha256()[:20]),
        "cut digest": _block(whole, info + _sha256()[:31]),
        "long digest": _block(whole, info + _sha256() + b"\0"),
        "another digest": _block(whole, info + bytes(32)),
    }
    found = {}
    for name, block in blocks.items():
        for who in (k.own, k.other):
            one = m.signer(m.by_serial(who), who.raw(block))
            found[f"padding by {who.name}: {name}"] = m.message(one, certificates=m.certificates(who))
    sign = k.other.sign(BODY)
    values = {"short": sign[:-1], "long": sign + b"\0", "zero in front": b"\0" + sign, "zeros": bytes(whole)}
    values |= {"empty": b"", "larger than the modulus": b"\xff" * whole, "one": bytes(whole - 1) + b"\1"}
    for name, given in values.items():
        one = m.signer(m.by_serial(k.other), given)
        found[f"signature: {name}"] = m.message(one, certificates=m.certificates(k.other))
        found[f"signature by own: {name}"] = m.message(m.signer(m.by_serial(k.own), given))
    return found


def _block(size: int, content: bytes) -> bytes:
    return b"\0\1" + b"\xff" * (size - len(content) - 3) + b"\0" + content


def _sha256() -> bytes:
    import hashlib  # noqa: PLC0415 -- for this alone

    return hashlib.sha256(BODY).digest()


def _encoding(k: Keys) -> dict[str, bytes]:
    good = m.message(_own(k))
    inner = sequence(m.integer(1), value(0x31, m.algorithm(m.HASHES["sha256"])), sequence(oid(m.DATA)))
    signers = value(0x31, _own(k))
    body = inner[2:] + signers

    def wrapped(signed: bytes) -> bytes:
        return sequence(oid(m.SIGNED_DATA), value(0xA0, signed))

    return {
        "indefinite outside": m.endless(good),
        "indefinite signed data": wrapped(b"\x30\x80" + body + b"\0\0"),
        "indefinite everywhere": b"\x30\x80" + oid(m.SIGNED_DATA) + b"\xa0\x80\x30\x80" + body + bytes(6),
        "indefinite without end": wrapped(b"\x30\x80" + body),
        "indefinite, half an end": wrapped(b"\x30\x80" + body + b"\0"),
        "indefinite, wrong end": wrapped(b"\x30\x80" + body + b"\0\1"),
        "indefinite signers": wrapped(sequence(inner[2:], b"\x31\x80" + _own(k) + b"\0\0")),
        "indefinite signer": m.message(m.endless(_own(k))),
        "indefinite signer with attributes": m.message(
            m.endless(_own(k, behind=value(0xA1, m.attribute("1.2.3", m.NULL))))
        ),
        "indefinite certificate": m.message(_own(k), certificates=value(0xA0, m.endless(k.own.der))),
        "indefinite certificates": m.message(_own(k), certificates=m.endless(m.certificates(k.own))),
        "indefinite, no certificates": m.message(_own(k), certificates=b"\xa0\x80\0\0"),
        "indefinite digests, none": m.message(_own(k), digests=b"\x31\x80\0\0"),
        "indefinite content": m.message(_own(k), content=b"\x30\x80" + oid(m.DATA) + b"\0\0"),
        "indefinite content, no signers": m.message(content=b"\x30\x80" + oid(m.DATA) + b"\0\0"),
        "indefinite parameters": m.message(_own(k, kind=m.algorithm(m.RSA, b"\x30\x80\5\0\0\0"))),
        "indefinite parameters in each other": m.message(
            _own(k, kind=m.algorithm(m.RSA, b"\x30\x80\x31\x80\5\0\0\0\0\0"))
        ),
        "indefinite primitive": m.message(_own(k, kind=m.algorithm(m.RSA, b"\x05\x80\0\0"))),
        "indefinite primitive inside": m.message(
            _own(k, kind=m.algorithm(m.RSA, b"\x30\x80\x05\x80\0\0\0\0"))
        ),
        "long tag inside": m.message(_own(k, kind=m.algorithm(m.RSA, b"\x30\x80\x1f\x81\1\0\0\0"))),
        "long tag": m.message(_own(k, kind=m.algorithm(m.RSA, b"\x1f\x05\0"))),
        "primitive sequence": b"\x10" + good[1:],
        "constructed integer": m.message(_own(k), version=b"\x22\1\1"),
        "length of three bytes": b"\x30\x83\0" + good[2:],
        "length of one byte more": b"\x30\x82" + len(good[4:]).to_bytes(2, "big") + good[4:],
        "length too long by one": b"\x30\x82" + (len(good[4:]) + 1).to_bytes(2, "big") + good[4:],
        "length too short by one": b"\x30\x82" + (len(good[4:]) - 1).to_bytes(2, "big") + good[4:],
        "empty object identifier": m.message(_own(k), content=sequence(value(6))),
        "object identifier without end": m.message(_own(k), content=sequence(value(6, b"\x2a\x86\x88"))),
        "long object identifier": m.message(
            _own(k), content=sequence(oid("1.2." + ".".join(["12345678901234567890"] * 4)))
        ),
        "object identifier of one bad byte": m.message(_own(k), content=sequence(value(6, b"\xff"))),
        **{f"cut at {at}": good[:at] for at in range(1, len(good), 9)},
    }


def _records(k: Keys) -> dict[str, bytes]:
    blob = m.message(_own(k))
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
    blob = m.appended(m.message(_own(k)))
    return {
        "not signed": BODY,
        "changed first byte": b"x" + BODY[1:] + blob,
        "changed last byte": BODY[:-1] + b"x" + blob,
        "longer": BODY + b"\0" + blob,
        "shorter": BODY[:-1] + blob,
    }
