"""Hand-made certificates around a real key, and messages that contain them."""

from __future__ import annotations

from tests.elf.made import COMMON_NAME, attribute, oid, sequence, value
from tests.kernel.emulated import messages as m
from tests.oracles.openssl import Identity

ISSUER = sequence(value(0x31, attribute(COMMON_NAME, b"nobody")))
SUBJECT = sequence(value(0x31, attribute(COMMON_NAME, b"somebody")))
SERIAL = value(2, b"\x12\x34")
START, END = value(23, b"200101000000Z"), value(24, b"20990101000000Z")
SHA256_RSA, SHA1_RSA, MD4, MD5 = (f"1.2.840.113549.1.1.{number}" for number in (11, 5, 4, 3))
SKID, AKID, USAGE, BASIC = "2.5.29.14", "2.5.29.35", "2.5.29.15", "2.5.29.19"
USES = {
    USAGE: {
        "good": b"\3\2\7\x80",
        "of two bytes": b"\3\3\7\x80\x80",
        "empty": b"",
        "of no bits": b"\3\1\0",
        "of eight unused bits": b"\3\2\x08\x80",
        "that lies about its length": b"\3\x09\7\x80",
        "of another kind": b"\4\2\7\x80",
        "short": b"\3\2\7",
    },
    BASIC: {
        "empty": b"\x30\0",
        "true": b"\x30\3\1\1\xff",
        "false": b"\x30\3\1\1\0",
        "true in another way": b"\x30\3\1\1\1",
        "with a depth": b"\x30\6\1\1\xff\2\1\0",
        "a depth alone": b"\x30\3\2\1\0",
        "nothing": b"",
        "a tag alone": b"\x30",
        "that lie about their length": b"\x30\4\1\1\xff",
        "of another kind": b"\x31\0",
        "with more behind them": b"\x30\0\0",
    },
}
TIMES = (
    *(value(23, text) for text in (b"691231235959Z", b"500101000000Z", b"20010100000Z", b"200231000000Z")),
    *(value(24, text) for text in (b"20200101000000Z", b"20500101000000Z", b"00000101000000Z")),
    value(24, b"21001332000000Z"),
    value(12, b"200101000000Z"),
)


def certificate(
    key: bytes,
    *,
    version: bytes = value(0xA0, value(2, b"\2")),
    serial: bytes = SERIAL,
    algorithm: bytes = m.algorithm(SHA256_RSA),
    again: bytes | None = None,
    issuer: bytes = ISSUER,
    validity: bytes = sequence(START, END),
    subject: bytes = SUBJECT,
    extensions: bytes = b"",
    signature: bytes = value(3, b"\0" + bytes(256)),
) -> bytes:
    """A certificate; ``again`` is the second copy of the signed algorithm, if different."""
    tbs = sequence(version, serial, algorithm, issuer, validity, subject, key, extensions)
    return sequence(tbs, algorithm if again is None else again, signature)


def extension(kind: str, content: bytes, critical: bytes = b"") -> bytes:
    return sequence(oid(kind), critical, value(4, content))


def extensions(*listed: bytes) -> bytes:
    return value(0xA3, sequence(*listed))


def messages(who: Identity, data: bytes) -> dict[str, bytes]:
    """Messages signed by ``who``, each with a different certificate for its key."""
    key = who.public
    first = key[4 : 4 + 15]  # rsaEncryption with its parameters
    bits = key[4 + 15 :]
    by_name = value(0xA1, value(0xA4, ISSUER))
    made = {
        "as it should be": certificate(key),
        "first version": certificate(key, version=b""),
        "empty version": certificate(key, version=value(0xA0)),
        "two versions": certificate(key, version=value(0xA0, value(2, b"\2"), value(2, b"\2"))),
        "no serial number": certificate(key, serial=b""),
        "hash SHA-1": certificate(key, algorithm=m.algorithm(SHA1_RSA)),
        "hash MD4": certificate(key, algorithm=m.algorithm(MD4)),
        "hash MD5": certificate(key, algorithm=m.algorithm(MD5)),
        "PSS": certificate(key, algorithm=m.algorithm("1.2.840.113549.1.1.10")),
        "signed with GOST": certificate(key, algorithm=m.algorithm("1.2.643.7.1.1.3.2")),
        "two algorithms": certificate(key, again=m.algorithm(SHA1_RSA)),
        "an unknown second algorithm": certificate(key, again=m.algorithm("1.2.3.4")),
        "no second algorithm": certificate(key, again=b""),
        "one time": certificate(key, validity=sequence(START)),
        "no time": certificate(key, validity=sequence()),
        "three times": certificate(key, validity=sequence(START, END, END)),
        **{f"time {time!r}": certificate(key, validity=sequence(time, END)) for time in TIMES},
        "empty subject": certificate(key, subject=sequence()),
        "empty part of the subject": certificate(key, subject=sequence(value(0x31))),
        "signed by itself, wrongly": certificate(key, subject=ISSUER),
        "signed by itself with GOST": certificate(
            key, subject=ISSUER, algorithm=m.algorithm("1.2.643.7.1.1.3.2")
        ),
        "signed by itself, another key named": certificate(
            key, subject=ISSUER, extensions=extensions(extension(AKID, sequence(value(0x80, b"xx"))))
        ),
        "signed by itself, half of it": certificate(
            key,
            subject=ISSUER,
            extensions=extensions(
                extension(SKID, value(4, b"ab")),
                extension(AKID, sequence(value(0x80, b"ab"), by_name, value(0x82, b"\1"))),
            ),
        ),
        "no key": certificate(b""),
        "empty key": certificate(sequence(first, value(3))),
        "key with bits left": certificate(sequence(first, value(3, b"\1" + bits[5:]))),
        "key of no kind": certificate(sequence(m.algorithm("1.2.3.4"), bits)),
        "key DSA": certificate(sequence(m.algorithm("1.2.840.10040.4.1"), bits)),
        "key SM2": certificate(sequence(m.algorithm("1.2.156.10197.1.301"), bits)),
        "key GOST": certificate(sequence(m.algorithm("1.2.643.7.1.1.1.1"), bits)),
        "key on no curve": certificate(sequence(m.algorithm("1.2.840.10045.2.1"), bits)),
        "key on no curve at all": certificate(sequence(m.algorithm("1.2.840.10045.2.1", b""), bits)),
        "key on P-256": certificate(
            sequence(m.algorithm("1.2.840.10045.2.1", oid("1.2.840.10045.3.1.7")), bits)
        ),
        "key on P-521": certificate(sequence(m.algorithm("1.2.840.10045.2.1", oid("1.3.132.0.35")), bits)),
        "key that is no RSA key": certificate(sequence(first, value(3, b"\0" + bytes(40)))),
        "key without an exponent": certificate(sequence(first, value(3, b"\0" + sequence(value(2, b"\7"))))),
        "key with an empty modulus": certificate(
            sequence(first, value(3, b"\0" + sequence(value(2), value(2, b"\3"))))
        ),
        "key with a longer exponent": certificate(
            sequence(first, value(3, b"\0" + sequence(value(2, b"\7"), value(2, b"\0\3"))))
        ),
        "key of 2040 bits": certificate(
            sequence(first, value(3, b"\0" + sequence(value(2, b"\xf1" * 255), value(2, b"\3"))))
        ),
        "key of 2056 bits": certificate(
            sequence(first, value(3, b"\0" + sequence(value(2, b"\xf1" * 257), value(2, b"\3"))))
        ),
        "key with exponent 0": certificate(
            sequence(first, value(3, b"\0" + sequence(value(2, b"\xf1" * 256), value(2, b"\0"))))
        ),
        "identifiers of issuer and subject": certificate(
            key, extensions=value(0x81, b"a") + value(0x82, b"b")
        ),
        "empty extensions": certificate(key, extensions=extensions()),
        "no extensions in the wrapping": certificate(key, extensions=value(0xA3)),
        "unknown extension": certificate(
            key, extensions=extensions(extension("1.2.3", b"", value(1, b"\xff")))
        ),
        "extension without content": certificate(key, extensions=extensions(sequence(oid("1.2.3")))),
        "signature with bits left": certificate(key, signature=value(3, b"\1" + bytes(256))),
        "empty signature": certificate(key, signature=value(3)),
        "no signature": certificate(key, signature=b""),
    }
    identifiers = {
        "good": value(4, b"ab"),
        "of one byte": value(4, b"a"),
        "empty": value(4),
        "of no tag": b"ab",
        "too long": value(4, b"ab") + b"x",
        "long": value(4, bytes(200)),
    }
    for name, content in identifiers.items():
        made[f"key's identifier: {name}"] = certificate(key, extensions=extensions(extension(SKID, content)))
    twice = extension(SKID, value(4, b"ab"))
    made["key's identifier: twice"] = certificate(key, extensions=extensions(twice, twice))
    authorities = {
        "empty": sequence(),
        "nothing": b"",
        "key": sequence(value(0x80, b"ab")),
        "empty key": sequence(value(0x80)),
        "name only": sequence(by_name),
        "name and number": sequence(by_name, value(0x82, b"\1")),
        "number only": sequence(value(0x82, b"\1")),
        "empty names": sequence(value(0xA1), value(0x82, b"\1")),
        "two names": sequence(value(0xA1, value(0xA4, ISSUER), value(0xA4, SUBJECT)), value(0x82, b"\1")),
        "name of a host": sequence(value(0xA1, value(0xA2, value(22, b"a.b"))), value(0x82, b"\1")),
        "name of a host, implicit": sequence(value(0xA1, value(0x82, b"a.b")), value(0x82, b"\1")),
        "other names": sequence(
            value(0xA1, value(0xA0, m.NULL), value(0xA8, oid("1.2"))), value(0x82, b"\1")
        ),
        "other name, as it should be": sequence(
            value(0xA1, value(0xA0, oid("1.2"), value(0xA0, m.NULL))), value(0x82, b"\1")
        ),
        "name of a party": sequence(value(0xA1, value(0xA5, value(0xA1, m.NULL)))),
        "name of a party and its register": sequence(
            value(0xA1, value(0xA5, value(0xA0, m.NULL), value(0xA1, m.NULL)))
        ),
        "name of no party": sequence(value(0xA1, value(0xA5, value(0xA0, m.NULL)))),
        "address, implicit": sequence(value(0xA1, value(0x87, b"\x7f\0\0\1"))),
        "identifier, implicit": sequence(value(0xA1, value(0x88, b"\x2a\3"))),
        "unknown kind of name": sequence(value(0xA1, value(0xA9, m.NULL))),
        "wrong order": sequence(value(0x82, b"\1"), by_name),
    }
    for name, content in authorities.items():
        made[f"authority: {name}"] = certificate(key, extensions=extensions(extension(AKID, content)))
    for kind, contents in USES.items():
        for name, content in contents.items():
            made[f"use {kind}: {name}"] = certificate(key, extensions=extensions(extension(kind, content)))
    signer = m.signer(sequence(ISSUER, SERIAL), who.sign(data))
    return {
        f"made certificate: {name}": m.message(signer, certificates=value(0xA0, der))
        for name, der in made.items()
    }
