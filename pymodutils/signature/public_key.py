"""Public keys and signature verification; crypto/asymmetric_keys/public_key.c."""

from __future__ import annotations

from errno import EINVAL, EKEYREJECTED, ENOENT
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.signature import rsa
from pymodutils.signature.names import MLDSA, NO_HASH
from pymodutils.signature.rejected import Rejected

if TYPE_CHECKING:
    from pymodutils.signature.digests import Crypto

HASHES: Final = {  # key type -> hashes that it signs; RSA includes the hash
    "ecdsa": ("sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"),
    "sm2": ("sm3",),
    "ecrdsa": ("streebog256", "streebog512"),
    **dict.fromkeys(MLDSA.values(), (NO_HASH, "sha512")),
}


class Key(NamedTuple):
    """A public key of ``kind``: rsa, ecdsa-nist-p256..., mldsa44..., sm2 or ecrdsa."""

    kind: str
    data: bytes  # as in a certificate


class Signed(NamedTuple):
    """A signature made with a key of ``kind`` (rsa, ecdsa, mldsa44..., sm2, ecrdsa) over a digest."""

    kind: str
    hashed: str  # the name of the hash
    digest: bytes  # the data itself with NO_HASH
    value: bytes


def verify(key: Key, signed: Signed, crypto: Crypto) -> None:
    """Raise Rejected unless ``signed`` was made with ``key``; ``crypto`` are the kernel's algorithms."""
    kind = "ecdsa" if key.kind.startswith("ecdsa-") else key.kind
    if kind != signed.kind:
        raise Rejected("signature", f"a {key.kind} key makes no {signed.kind} signature", EKEYREJECTED)
    if not _goes_with(kind, signed.hashed):
        raise Rejected("signature", f"{kind} is not used with {signed.hashed}", EINVAL)
    if kind == "rsa":
        rsa.verify(key.data, signed.hashed, signed.digest, signed.value, crypto.release)
    elif kind == "ecdsa" and kind in crypto.names:
        from pymodutils.signature import ecdsa  # noqa: PLC0415 -- rarely needed: most keys are RSA

        ecdsa.verify(key.kind, key.data, signed.digest, signed.value, crypto.release)
    elif kind in MLDSA.values() and kind in crypto.names:
        from pymodutils.signature import mldsa  # noqa: PLC0415 -- see above

        mldsa.verify(kind, key.data, signed.digest, signed.value)
    else:
        raise Rejected("signature", f"the kernel has no {key.kind}", ENOENT)


def _goes_with(kind: str, hashed: str) -> bool:
    return kind not in HASHES or hashed in HASHES[kind]
