"""The signature behind a module, as the kernel verifies it; kernel/module/signing.c: mod_verify_sig."""

from __future__ import annotations

from errno import EBADMSG, ENODATA, ENOKEY, ENOPKG
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.kernel.emulated.signing import MARKER
from pymodutils.kernel.trust import pkcs7, x509
from pymodutils.kernel.trust.chain import Chain
from pymodutils.kernel.trust.digests import EVERYTHING
from pymodutils.kernel.trust.refused import ERR, Line, Log, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.kernel.trust.x509 import Certificate

PKCS7: Final = 2  # the kind of signature; include/linux/module_signature.h
RECORD: Final = 12  # bytes: algorithm, hash, kind, lengths of signer and key, three of padding, u32 length
LENGTH: Final = slice(8, 12)


class Checked(NamedTuple):
    """The verdict on a module's signature."""

    length: int  # bytes of the module without the signature, as far as the kernel has come
    errno: int  # 0: signed by a trusted key
    log: tuple[Line, ...] = ()
    why: str = ""  # what is wrong with it, in more words than the kernel has


def check(
    image: bytes, trusted: Sequence[bytes], crypto: frozenset[str] = EVERYTHING, *, twice: bool = False
) -> Checked:
    """The verdict on ``image``, whose last bytes may be a signature.

    ``trusted`` are certificates in DER; one that the kernel cannot read is not among its keys. ``crypto`` is
    what the kernel can compute. ``twice``: it asks the keys of the firmware, too, and says all again.
    """
    if not image.endswith(MARKER):
        return Checked(len(image), ENODATA)
    length = len(image) - len(MARKER)
    log, errno, why = Log(), 0, ""
    try:
        length, message = _cut(image, length, log)
        _verify(image[:length], message, _keys(tuple(trusted), crypto), crypto, log)
    except Rejected as error:
        errno, why = error.errno, str(error)
    if errno == ENOKEY and twice:
        log += log
    return Checked(length, errno, tuple(log), why)


def _cut(image: bytes, length: int, log: Log) -> tuple[int, bytes]:
    """How long the module is, and the message behind it; raises Rejected for a record that makes no sense."""
    if length <= RECORD:
        raise Rejected("signature", "the file is too short for a signature", EBADMSG)
    start = length - RECORD
    record = image[start:length]
    size = int.from_bytes(record[LENGTH], "big")
    if size >= start:
        raise Rejected("signature", "the signature is longer than the file", EBADMSG)
    if record[2] != PKCS7:
        log.reject(ENOPKG, "module: not signed with expected PKCS#7 message", ERR)
    if any(record[:2]) or any(record[3 : LENGTH.start]):
        log.reject(EBADMSG, "module: PKCS#7 signature info has unexpected non-zero params", ERR)
    return start - size, image[start - size : start]


def _verify(
    data: bytes, message: bytes, trusted: tuple[Certificate, ...], crypto: frozenset[str], log: Log
) -> None:
    """Raise Rejected unless ``message`` is a signature of ``data`` by one of ``trusted``."""
    parsed = pkcs7.parse(message, crypto, log)
    if parsed.has_data:
        log.warning("PKCS7: Data already supplied")
        log.reject(EBADMSG, "PKCS#7 signature with non-detached data", ERR)
    chain = Chain(parsed, data, crypto, log)
    chain.verify()
    chain.trust(trusted)


@lru_cache(maxsize=8)
def _keys(trusted: tuple[bytes, ...], crypto: frozenset[str]) -> tuple[Certificate, ...]:
    """What the kernel can read of ``trusted``."""
    found = []
    for der in trusted:
        try:
            found.append(x509.parse(der, crypto, Log()))
        except Rejected:
            continue
    return tuple(found)
