"""Signature enforcement, and identifiers of enrolled certificates."""

from __future__ import annotations

import glob
import os
import re
from struct import error, unpack_from
from typing import TYPE_CHECKING, Final

from pymodutils.profile.profile import Policy
from pymodutils.signature import fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.root import Root

EFIVARS: Final = "/sys/firmware/efi/efivars"
SECURE_BOOT: Final = f"{EFIVARS}/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
LISTS: Final = ("MokListRT-*", "db-*")  # trusted by shim and the firmware
ATTRIBUTES: Final = 4  # bytes before the value of a variable
X509: Final = bytes.fromhex("a159c0a5e494a74a87b5ab155c2bf072")  # EFI_CERT_X509_GUID
HEADER: Final = 28  # bytes of EFI_SIGNATURE_LIST
OWNER: Final = 16  # bytes of a GUID before each certificate
KEYS: Final = re.compile(r"asymmetri .*: X509\.\S+ ([0-9a-f]{8,})", re.MULTILINE)
CHOSEN: Final = re.compile(r"\[(\w+)\]")


def read(root: Root) -> Policy:
    """The policy as far as readable without privileges."""
    chosen = CHOSEN.search(_text(root, "/sys/kernel/security/lockdown"))
    enforce = _text(root, "/sys/module/module/parameters/sig_enforce").strip()
    secure = _bytes(root, SECURE_BOOT)[ATTRIBUTES:]
    keys = [*_enrolled(root), *KEYS.findall(_text(root, "/proc/keys"))]
    return Policy(
        chosen[1] if chosen else "",
        enforce == "Y" if enforce else None,
        secure == b"\x01" if secure else None,
        tuple(dict.fromkeys(keys)),
    )


def _enrolled(root: Root) -> Iterator[str]:
    for pattern in LISTS:
        for path in sorted(glob.glob(glob.escape(root.path(EFIVARS)) + f"/{pattern}")):
            place = path.removeprefix(os.fspath(root.sysroot))
            for der in certificates(_bytes(root, place)[ATTRIBUTES:]):
                found = fields.certificate(der)
                if found:
                    yield found.serial.hex()


def certificates(data: bytes) -> Iterator[bytes]:
    """The DER certificates of EFI_SIGNATURE_LISTs (UEFI 2.10, 32.4.1), up to a truncated one."""
    while len(data) >= HEADER:
        try:
            size, header, each = unpack_from("<III", data, 16)
        except error:
            return
        if size < HEADER or size > len(data) or each <= OWNER:
            return
        if data.startswith(X509):
            for at in range(HEADER + header, size - each + 1, each):
                yield data[at + OWNER : at + each]
        data = data[size:]


def _text(root: Root, path: str) -> str:
    return _bytes(root, path).decode("utf-8", "replace")


def _bytes(root: Root, path: str) -> bytes:
    try:
        return root.read(path)
    except OSError:
        return b""
