"""Verify a message, and its chain up to a trusted key.

crypto/asymmetric_keys/pkcs7_verify.c and pkcs7_trust.c, for signatures of modules.
"""

from __future__ import annotations

from errno import EBADMSG, EINVAL, EKEYREJECTED, ENOKEY, ENOPKG
from typing import TYPE_CHECKING, Final

from pymodutils.signature import names
from pymodutils.signature.digests import WAIVES, digest
from pymodutils.signature.names import MLDSA, NO_HASH
from pymodutils.signature.public_key import Signed, verify
from pymodutils.signature.rejected import PrintkLog, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.signature.digests import Crypto
    from pymodutils.signature.pkcs7 import Message, Signer
    from pymodutils.signature.x509 import Certificate

WAIVED: Final = "PKCS7: Waived invalid module sig (has authattrs)"  # logged once since boot


class Chain:
    """The verification of one message about ``data``."""

    def __init__(self, message: Message, data: memoryview, crypto: Crypto, log: PrintkLog) -> None:
        self.message, self.data, self.crypto, self.log = message, data, crypto, log
        self.issuers: dict[int, int] = {}  # certificate -> its issuer, by index
        self.unsupported: set[int] = set()  # signers, by index
        self.digests: dict[str, bytes] = {}  # digests of the data, by hash

    def verify(self) -> None:
        """Raise Rejected unless the message is valid for modules and consistent with its own certificates."""
        if self.message.data_type != names.DATA:
            self.log.reject(EKEYREJECTED, "PKCS7: Invalid module sig (not pkcs7-data)")
        if self.message.signers[0].attributes:
            self._waive()
        for at, signer in enumerate(self.message.signers):
            if signer.hashed == NO_HASH or signer.hashed in self.crypto.names:
                self._verify_one(signer, at + 1)
            else:
                self.unsupported.add(at)
        if len(self.unsupported) == len(self.message.signers):
            raise Rejected("signature", "the kernel cannot compute its hash", ENOPKG)

    def _waive(self) -> None:
        """Permit signatures over attributes if all are ML-DSA and the kernel was built to permit them."""
        kinds = {signer.kind for signer in self.message.signers}
        if WAIVES not in self.crypto.names or not kinds <= set(MLDSA.values()):
            self.log.reject(EKEYREJECTED, "PKCS7: Invalid module sig (has authattrs)")
        self.log.warning(WAIVED)

    def trust(self, trusted: Sequence[Certificate]) -> None:
        """Raise Rejected unless one of ``trusted`` verifies a signer, and none fails."""
        best = ENOKEY
        seen: set[int] = set()
        vouched: set[int] = set()
        for at, signer in enumerate(self.message.signers):
            found = ENOPKG if at in self.unsupported else self._trusted(signer, trusted, seen, vouched)
            if not found or (found == ENOPKG and best == ENOKEY):
                best = found
        if best:
            raise Rejected("signature", "no trusted key has made it", best)

    def _trusted(
        self, signer: Signer, trusted: Sequence[Certificate], seen: set[int], vouched: set[int]
    ) -> int:
        """0 if a trusted key verifies ``signer``, ENOKEY if none matches; raises Rejected on failure."""
        try:
            self._trust_one(signer, trusted, seen, vouched)
        except Rejected as error:
            if error.errno != ENOKEY:
                raise
            return ENOKEY
        return 0

    def _signed(self, signer: Signer) -> Signed:
        return Signed(signer.kind, signer.hashed, signer.attributes or self._digest(signer), signer.value)

    def _digest(self, signer: Signer) -> bytes:
        if signer.hashed not in self.digests:
            self.digests[signer.hashed] = digest(signer.hashed, self.data)
        return self.digests[signer.hashed]

    def _certificate_of(self, signer: Signer) -> int | None:
        """The index of the certificate in the message with the key of ``signer``."""
        found = (at for at, cert in enumerate(self.message.certificates) if cert.id == signer.id)
        return next(found, None)

    def _verify_one(self, signer: Signer, number: int) -> None:
        if signer.attributes and signer.digest != self._digest(signer):
            same = len(signer.digest) == len(self._digest(signer))
            code = EKEYREJECTED if same else EBADMSG
            raise Rejected("signature", "its attributes have another digest of the data", code)
        at = self._certificate_of(signer)
        if at is None:
            return
        cert = self.message.certificates[at]
        if signer.time is not None and not cert.valid[0] <= signer.time <= cert.valid[1]:
            self.log.reject(EKEYREJECTED, "PKCS7: Message signed outside of X.509 validity window")
        verify(cert.key, self._signed(signer), self.crypto)
        self._verify_chain(at, number)

    def _verify_chain(self, at: int, number: int) -> None:
        """Follow the certificates in the message from ``at`` to the root, or as far as possible."""
        seen = {at}
        while True:
            cert = self.message.certificates[at]
            if cert.self_signed:
                self.issuers[at] = at
                return
            above = self._issuer(at, number)
            if above is None:
                return
            if above in seen:
                self.log.warning(f"PKCS7: Sig {number}: X.509 chain contains loop")
                return
            verify(self.message.certificates[above].key, cert.signed, self.crypto)
            self.issuers[at] = above
            seen.add(above)
            at = above

    def _issuer(self, at: int, number: int) -> int | None:
        """The index of the issuer of the certificate ``at``."""
        certificates = self.message.certificates
        ident, key = certificates[at].authority
        if ident is None:
            found = (place for place, cert in enumerate(certificates) if key is not None and cert.skid == key)
            return next(found, None)
        above = next((place for place, cert in enumerate(certificates) if cert.id == ident), None)
        if above is not None and key is not None and certificates[above].skid != key:
            way = f"{at + 1}->{above + 1}"
            self.log.reject(
                EKEYREJECTED, f"PKCS7: Sig {number}: X.509 chain contains auth-skid nonmatch ({way})"
            )
        return above

    def _trust_one(
        self, signer: Signer, trusted: Sequence[Certificate], seen: set[int], vouched: set[int]
    ) -> None:
        """Raise Rejected unless a trusted key is in the chain of ``signer``, or signed its end."""
        signed = self._signed(signer)
        passed: list[int] = []
        found: Certificate | None = None
        at = self._certificate_of(signer)
        while at is not None:
            if at in seen:
                if at in vouched:
                    vouched.update(passed)
                    return
                raise Rejected("signature", "its chain leads to no trusted key", ENOKEY)
            seen.add(at)
            passed.append(at)
            cert = self.message.certificates[at]
            found = _known(trusted, cert.id, cert.skid)
            if found is not None:
                break
            if self.issuers.get(at) == at:
                raise Rejected("signature", "its root is not trusted", ENOKEY)
            signed, at = cert.signed, self.issuers.get(at)
        if found is None:
            found, signed = self._outside(signer, passed, trusted, signed)
        try:
            verify(found.key, signed, self.crypto)
        except Rejected as error:
            raise Rejected("signature", str(error), EKEYREJECTED) from None
        vouched.update(passed)

    def _outside(
        self, signer: Signer, passed: list[int], trusted: Sequence[Certificate], signed: Signed
    ) -> tuple[Certificate, Signed]:
        """The trusted key that signed the end of the chain, or else the message, and the signature."""
        if passed:
            ident, key = self.message.certificates[passed[-1]].authority
            if ident is not None or key is not None:
                above = _find(trusted, ident, key)
                if above is not None:
                    return above, signed
        direct = _find(trusted, signer.id, None)
        if direct is None:
            raise Rejected("signature", "no trusted key has made it", ENOKEY)
        passed.clear()
        return direct, self._signed(signer)


def _find(trusted: Sequence[Certificate], ident: bytes | None, key: bytes | None) -> Certificate | None:
    """The first key that is called ``ident``, or ``key`` if that is None; a key ``key`` it must be, too.

    Raises Rejected if the first one is not, and for an empty name.
    """
    wanted = key if ident is None else ident
    if not wanted:
        raise Rejected("signature", "the name of its key is empty", EINVAL)
    found = next((cert for cert in trusted if wanted in (cert.id, cert.skid)), None)
    if found and ident is not None and key is not None and found.skid != key:
        raise Rejected("signature", "its key is another one of the same name", EKEYREJECTED)
    return found


def _known(trusted: Sequence[Certificate], ident: bytes, key: bytes | None) -> Certificate | None:
    """As ``_find``, but None instead of failures."""
    try:
        return _find(trusted, ident, key)
    except Rejected:
        return None
