"""Hand-made module files of any class and byte order."""

from __future__ import annotations

from struct import pack

MAGIC = b"~Module signature appended~\n"
SHA256 = "2.16.840.1.101.3.4.2.1"
COMMON_NAME, ORGANISATION, UNIT, EMAIL = "2.5.4.3", "2.5.4.10", "2.5.4.11", "1.2.840.113549.1.9.1"


def module(sections: dict[str, bytes], bits: int = 64, order: str = "<", kind: int = 1) -> bytes:
    """An ELF file with ``sections`` of sh_type ``kind``, followed by the section of their names."""
    head, entry, word = (64, "IIQQQQIIQQ", "Q") if bits == 64 else (52, "10I", "I")
    names, body, headers = b"\0", b"", [(0,) * 10]
    for name, data in {**sections, ".shstrtab": b""}.items():
        at = len(names)
        names += name.encode() + b"\0"
        content = data if name != ".shstrtab" else names
        sh_type = kind if name != ".shstrtab" else 3
        headers.append((at, sh_type, 0, 0, head + len(body), len(content), 0, 0, 1, 0))
        body += content
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    fields = (1, 62, 1, 0, 0, head + len(body), 0, head, 0, 0, 64 if bits == 64 else 40, len(headers))
    start = ident + pack(f"{order}HHI3{word}I6H", *fields, len(headers) - 1)
    return start + body + b"".join(pack(order + entry, *header) for header in headers)


def modinfo(*entries: bytes) -> bytes:
    """A module with ``entries`` in .modinfo."""
    return module({".modinfo": b"".join(entry + b"\0" for entry in entries)})


def trailer(
    kind: int,
    signer: bytes,
    key: bytes,
    value: bytes,
    *,
    algorithm: int = 1,
    hashed: int = 4,
    length: int = -1,
) -> bytes:
    """The signature appended by sign-file; ``length`` is a false length."""
    size = len(value) if length < 0 else length
    record = pack(">8BI", algorithm, hashed, kind, len(signer), len(key), 0, 0, 0, size)
    return signer + key + value + record + MAGIC


def value(tag: int, *parts: bytes) -> bytes:
    """A DER value."""
    content = b"".join(parts)
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1, "big")
    short = len(content) < 128
    return bytes([tag]) + (length if short else bytes([128 | len(length)]) + length) + content


def sequence(*parts: bytes) -> bytes:
    return value(0x30, *parts)


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    return value(0x06, b"".join(map(_arc, [first * 40 + second, *rest])))


def _arc(number: int) -> bytes:
    digits = [number & 127]
    while number := number >> 7:
        digits.append(number & 127 | 128)
    return bytes(reversed(digits))


def attribute(kind: str, content: bytes, tag: int = 12) -> bytes:
    return sequence(oid(kind), value(tag, content))


NAME = (
    value(0x31, attribute(ORGANISATION, b"Org")),
    value(0x31, attribute(COMMON_NAME, b"Common")),
    value(0x31, attribute(EMAIL, b"a@b", 22)),
)


def pkcs7(
    issuer: tuple[bytes, ...] = NAME,
    serial: bytes = b"\x11\x22",
    digest: str = SHA256,
    signature: bytes = b"S" * 32,
    *,
    attributes: bytes = b"",
    outer: str = "1.2.840.113549.1.7.2",
    signers: int = 1,
    who: bytes = b"",
) -> bytes:
    """A SignedData as created by sign-file, without certificates."""
    algorithm = sequence(oid(digest))
    info = sequence(
        value(2, b"\1"),
        who or sequence(sequence(*issuer), value(2, serial)),
        algorithm,
        attributes,
        sequence(oid("1.2.840.113549.1.1.1"), value(5)),
        value(4, signature),
    )
    data = sequence(oid("1.2.840.113549.1.7.1"))
    signed = sequence(value(2, b"\1"), value(0x31, algorithm), data, value(0x31, *[info] * signers))
    return sequence(oid(outer), value(0xA0, signed))
