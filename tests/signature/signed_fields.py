"""PKCS#7 messages with each field absent, wrong or repeated."""

from __future__ import annotations

from tests.elf.made import oid, sequence, value
from tests.kernel.emulated import messages as m
from tests.signature.signed_keys import BODY, Keys, own_signer


def fields(k: Keys) -> dict[str, bytes]:
    good, sid, sign = own_signer(k), m.by_serial(k.own), k.own.sign(BODY)
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
        "signer version 0": m.message(own_signer(k, version=m.integer(0))),
        "signer version 3 in 1": m.message(own_signer(k, version=m.integer(3))),
        "both versions 3, by serial": m.message(own_signer(k, version=m.integer(3)), version=m.integer(3)),
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
        "unsupported and good signer": m.message(
            own_signer(k, digest=m.algorithm(m.HASHES["streebog256"])), good
        ),
        "good and unsupported signer": m.message(good, own_signer(k, digest=m.algorithm(m.HASHES["sm3"]))),
        "unknown and unsupported signer": m.message(
            m.signer(m.by_serial(k.other), k.other.sign(BODY)),
            own_signer(k, digest=m.algorithm(m.HASHES["sm3"])),
        ),
        "unsupported and unknown signer": m.message(
            own_signer(k, digest=m.algorithm(m.HASHES["streebog256"])),
            m.signer(m.by_serial(k.other), k.other.sign(BODY)),
        ),
        "RSA called ECDSA": m.message(own_signer(k, kind=m.algorithm(m.ECDSA_SHA256, b""))),
        "RSA with its hash": m.message(own_signer(k, kind=m.algorithm("1.2.840.113549.1.1.11"))),
        "RSA called SM2": m.message(own_signer(k, kind=m.algorithm("1.2.156.10197.1.501"))),
        "RSA called GOST": m.message(own_signer(k, kind=m.algorithm("1.2.643.7.1.1.1.1"))),
        "unknown kind of key": m.message(own_signer(k, kind=m.algorithm("1.2.3"))),
        "kind without parameters": m.message(own_signer(k, kind=m.algorithm(m.RSA, b""))),
        "kind with two parameters": m.message(own_signer(k, kind=m.algorithm(m.RSA, m.NULL + m.NULL))),
        "signature of another tag": m.message(own_signer(k, octets=3)),
        "signer of another tag": m.message(own_signer(k, tag=0x31)),
        "something behind the signature": m.message(own_signer(k, behind=m.NULL)),
        "unsigned attributes": m.message(own_signer(k, behind=value(0xA1, m.attribute("1.2.3", m.NULL)))),
        "unsigned attributes as a sequence": m.message(
            own_signer(k, behind=value(0xA3, m.attribute("1.2.3", m.NULL)))
        ),
        "empty unsigned attributes": m.message(own_signer(k, behind=value(0xA1))),
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
        found[f"hash {name}"] = m.message(own_signer(k, digest=m.algorithm(dotted)))
        other = m.signer(m.by_serial(k.other), k.other.sign(BODY), digest=m.algorithm(dotted))
        found[f"hash {name} with certificate"] = m.message(other, certificates=m.certificates(k.other))
    return found
