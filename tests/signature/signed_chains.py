"""PKCS#7 messages with certificate chains."""

from __future__ import annotations

from tests.elf.made import value
from tests.kernel.emulated import messages as m
from tests.oracles.openssl import Identity
from tests.signature.signed_keys import BODY, Keys


def chains(k: Keys) -> dict[str, bytes]:
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
