"""The signer attributes of a PKCS#7 message that the kernel checks; RFC 2315, 9.2."""

from __future__ import annotations

from errno import EBADMSG, EKEYREJECTED
from typing import TYPE_CHECKING, Final

from pymodutils.signature import names, times
from pymodutils.signature.ber import OCTET_STRING
from pymodutils.signature.rejected import PrintkLog, Rejected

if TYPE_CHECKING:
    from pymodutils.signature.digests import Crypto

ONLY_IN_AUTHENTICODE: Final = {
    names.SMIME_CAPABILITIES: "S/MIME Caps only allowed with Authenticode",
    names.OPUS_INFO: "Authenticode AuthAttrs only allowed with Authenticode",
    names.STATEMENT_TYPE: "Authenticode AuthAttrs only allowed with Authenticode",
}
KNOWN: Final = {names.CONTENT_TYPE, names.SIGNING_TIME, names.MESSAGE_DIGEST, *ONLY_IN_AUTHENTICODE}


class Attributes:
    """The attributes of a signer of a message with data of ``data_type``."""

    def __init__(self, data_type: bytes, crypto: Crypto, log: PrintkLog) -> None:
        self.data_type, self.crypto, self.log = data_type, crypto, log
        self.seen: set[bytes] = set()
        self.time: int | None = None
        self.digest = b""  # of the message, by the attributes

    def note(self, kind: bytes, tag: int, content: bytes) -> None:
        """Process a value of the attribute ``kind``; raises Rejected."""
        if kind not in KNOWN:
            return
        if kind in self.seen:
            self.log.reject(EKEYREJECTED, "PKCS7: Repeated/multivalue AuthAttrs not permitted")
        self.seen.add(kind)
        if kind == names.CONTENT_TYPE:
            self._content_type(content)
        elif kind == names.SIGNING_TIME:
            self.time = times.seconds(tag, content)
        elif kind == names.MESSAGE_DIGEST:
            if tag != OCTET_STRING:
                raise Rejected("signature", "the digest of the message is damaged")
            self.digest = content
        elif self.data_type != names.INDIRECT_DATA:
            self.log.reject(EKEYREJECTED, f"PKCS7: {ONLY_IN_AUTHENTICODE[kind]}")

    def require(self) -> None:
        """Raise Rejected unless the mandatory attributes are present."""
        if not {names.CONTENT_TYPE, names.MESSAGE_DIGEST} <= self.seen:
            self.log.reject(EBADMSG, "PKCS7: Missing required AuthAttr")

    def _content_type(self, content: bytes) -> None:
        if content != self.data_type:
            ours, theirs = self.crypto.number(self.data_type), self.crypto.number(content)
            text = f"PKCS7: Mismatch between global data type ({ours}) and sinfo 0 ({theirs})"
            self.log.reject(EBADMSG, text)
