"""Verification of an appended signature; mod_verify_sig and mod_check_sig."""

from __future__ import annotations

from errno import EBADMSG, ENODATA, ENOKEY, ENOPKG
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from pymodutils.kern_levels import ERR
from pymodutils.signature import pkcs7, x509
from pymodutils.signature.appended import END, MAGIC, PKCS7, RECORD, record
from pymodutils.signature.chain import Chain
from pymodutils.signature.digests import EVERYTHING, Crypto
from pymodutils.signature.rejected import Printk, PrintkLog, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.mapped import Contents
    from pymodutils.signature.x509 import Certificate


class Checked(NamedTuple):
    """The verdict on a module's signature."""

    length: int  # bytes of the module without the signature, as far as parsed
    errno: int  # 0: signed by a trusted key
    log: tuple[Printk, ...] = ()
    why: str = ""  # a description of the fault, more detailed than the kernel's


def check(
    image: Contents, trusted: Sequence[bytes], crypto: Crypto = EVERYTHING, *, twice: bool = False
) -> Checked:
    """The verdict on ``image``, which may end in a signature.

    ``trusted`` are certificates in DER; those that the kernel cannot parse are ignored. ``crypto`` are the
    kernel's algorithms. ``twice``: it also tries the firmware's keys, and logs everything again.
    """
    if not image.endswith(MAGIC):
        return Checked(len(image), ENODATA)
    length = len(image) - len(MAGIC)
    log, errno, why = PrintkLog(), 0, ""
    try:
        length, message = _cut(image, length, log)
        _verify(memoryview(image)[:length], message, _keys(tuple(trusted), crypto), crypto, log)
    except Rejected as error:
        errno, why = error.errno, str(error)
    if errno == ENOKEY and twice:
        log += log
    return Checked(length, errno, tuple(log), why)


def _cut(image: Contents, length: int, log: PrintkLog) -> tuple[int, bytes]:
    """Return the length of the bare module and its signature; raises Rejected for a malformed record."""
    if length <= RECORD.size:
        raise Rejected("signature", "the file is too short for a signature", EBADMSG)
    start, found = len(image) - END, record(image)
    if found.sig_len >= start:
        raise Rejected("signature", "the signature is longer than the file", EBADMSG)
    if found.id_type != PKCS7:
        log.reject(ENOPKG, "module: not signed with expected PKCS#7 message", ERR)
    if found.algo or found.hash or found.signer_len or found.key_id_len or any(found.pad):
        log.reject(EBADMSG, "module: PKCS#7 signature info has unexpected non-zero params", ERR)
    return start - found.sig_len, image[start - found.sig_len : start]


def _verify(
    data: memoryview, message: bytes, trusted: tuple[Certificate, ...], crypto: Crypto, log: PrintkLog
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
def _keys(trusted: tuple[bytes, ...], crypto: Crypto) -> tuple[Certificate, ...]:
    """The certificates of ``trusted`` that the kernel can parse."""
    found = []
    for der in trusted:
        try:
            found.append(x509.parse(der, crypto, PrintkLog()))
        except Rejected:
            continue
    return tuple(found)
