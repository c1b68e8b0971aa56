"""PKCS#7 messages with unusual padding and BER encoding."""

from __future__ import annotations

from tests.elf.made import oid, sequence, value
from tests.kernel.emulated import messages as m
from tests.signature.signed_keys import BODY, Keys, own_signer


def padding(k: Keys) -> dict[str, bytes]:
    """Blocks with invalid padding, each with its certificate."""
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


def encoding(k: Keys) -> dict[str, bytes]:
    good = m.message(own_signer(k))
    inner = sequence(m.integer(1), value(0x31, m.algorithm(m.HASHES["sha256"])), sequence(oid(m.DATA)))
    signers = value(0x31, own_signer(k))
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
        "indefinite signers": wrapped(sequence(inner[2:], b"\x31\x80" + own_signer(k) + b"\0\0")),
        "indefinite signer": m.message(m.endless(own_signer(k))),
        "indefinite signer with attributes": m.message(
            m.endless(own_signer(k, behind=value(0xA1, m.attribute("1.2.3", m.NULL))))
        ),
        "indefinite certificate": m.message(own_signer(k), certificates=value(0xA0, m.endless(k.own.der))),
        "indefinite certificates": m.message(own_signer(k), certificates=m.endless(m.certificates(k.own))),
        "indefinite, no certificates": m.message(own_signer(k), certificates=b"\xa0\x80\0\0"),
        "indefinite digests, none": m.message(own_signer(k), digests=b"\x31\x80\0\0"),
        "indefinite content": m.message(own_signer(k), content=b"\x30\x80" + oid(m.DATA) + b"\0\0"),
        "indefinite content, no signers": m.message(content=b"\x30\x80" + oid(m.DATA) + b"\0\0"),
        "indefinite parameters": m.message(own_signer(k, kind=m.algorithm(m.RSA, b"\x30\x80\5\0\0\0"))),
        "indefinite parameters in each other": m.message(
            own_signer(k, kind=m.algorithm(m.RSA, b"\x30\x80\x31\x80\5\0\0\0\0\0"))
        ),
        "indefinite primitive": m.message(own_signer(k, kind=m.algorithm(m.RSA, b"\x05\x80\0\0"))),
        "indefinite primitive inside": m.message(
            own_signer(k, kind=m.algorithm(m.RSA, b"\x30\x80\x05\x80\0\0\0\0"))
        ),
        "long tag inside": m.message(own_signer(k, kind=m.algorithm(m.RSA, b"\x30\x80\x1f\x81\1\0\0\0"))),
        "long tag": m.message(own_signer(k, kind=m.algorithm(m.RSA, b"\x1f\x05\0"))),
        "primitive sequence": b"\x10" + good[1:],
        "constructed integer": m.message(own_signer(k), version=b"\x22\1\1"),
        "length of three bytes": b"\x30\x83\0" + good[2:],
        "length of one byte more": b"\x30\x82" + len(good[4:]).to_bytes(2, "big") + good[4:],
        "length too long by one": b"\x30\x82" + (len(good[4:]) + 1).to_bytes(2, "big") + good[4:],
        "length too short by one": b"\x30\x82" + (len(good[4:]) - 1).to_bytes(2, "big") + good[4:],
        "empty object identifier": m.message(own_signer(k), content=sequence(value(6))),
        "object identifier without end": m.message(
            own_signer(k), content=sequence(value(6, b"\x2a\x86\x88"))
        ),
        "long object identifier": m.message(
            own_signer(k), content=sequence(oid("1.2." + ".".join(["12345678901234567890"] * 4)))
        ),
        "object identifier of one bad byte": m.message(own_signer(k), content=sequence(value(6, b"\xff"))),
        **{f"cut at {at}": good[:at] for at in range(1, len(good), 9)},
    }
