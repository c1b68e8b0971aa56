"""PKCS#7 messages with signed attributes."""

from __future__ import annotations

from tests.elf.made import oid, sequence, value
from tests.kernel.emulated import messages as m
from tests.signature.signed_keys import Keys, own_signer


def attributes(k: Keys) -> dict[str, bytes]:
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
        found[f"attributes: {name}"] = m.message(own_signer(k, attributes=value(0xA0, *listed)))
        sequenced = own_signer(k, attributes=value(0xA2, sequence(*listed)))
        found[f"attributes in a sequence: {name}"] = m.message(sequenced, certificates=m.certificates(k.own))
    found["attributes of one of two"] = m.message(
        own_signer(k, attributes=value(0xA0, kind, digest)), own_signer(k)
    )
    return found


TIMES = (
    *("300101000000Z", "000229235959Z", "700101000000Z", "491231240060Z", "010229000000Z", "230431000000Z"),
    *("231301000000Z", "230100000000Z", "230101250000Z", "230101006000Z", "230101000061Z", "230101000000"),
    *("2301010000Z", "230101000000+", "23010100000aZ", "23010100000 Z", "690101000000Z", "991231235959Z"),
)
LONG_TIMES = ("20230101000000Z", "20500101000000Z", "99991231235959Z", "19491231235959Z", "21000229000000Z")
