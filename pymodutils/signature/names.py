"""Object identifiers used in verification, named as in the standards, as DER contents."""

from __future__ import annotations

from typing import Final

from pymodutils.signature.oids import encoded

SIGNED_DATA: Final = encoded("1.2.840.113549.1.7.2")
DATA: Final = encoded("1.2.840.113549.1.7.1")
INDIRECT_DATA: Final = encoded("1.3.6.1.4.1.311.2.1.4")  # Authenticode's
CONTENT_TYPE: Final = encoded("1.2.840.113549.1.9.3")
MESSAGE_DIGEST: Final = encoded("1.2.840.113549.1.9.4")
SIGNING_TIME: Final = encoded("1.2.840.113549.1.9.5")
SMIME_CAPABILITIES: Final = encoded("1.2.840.113549.1.9.15")
STATEMENT_TYPE: Final = encoded("1.3.6.1.4.1.311.2.1.11")
OPUS_INFO: Final = encoded("1.3.6.1.4.1.311.2.1.12")
SUBJECT_KEY: Final = encoded("2.5.29.14")
KEY_USAGE: Final = encoded("2.5.29.15")
BASIC_CONSTRAINTS: Final = encoded("2.5.29.19")
AUTHORITY_KEY: Final = encoded("2.5.29.35")
RSA: Final = encoded("1.2.840.113549.1.1.1")
EC_KEY: Final = encoded("1.2.840.10045.2.1")
SM2: Final = encoded("1.2.156.10197.1.301")
SM2_WITH_SM3: Final = encoded("1.2.156.10197.1.501")
GOST_KEYS: Final = (encoded("1.2.643.7.1.1.1.1"), encoded("1.2.643.7.1.1.1.2"))
CURVES: Final = {
    SM2: "sm2",
    encoded("1.2.840.10045.3.1.1"): "ecdsa-nist-p192",
    encoded("1.2.840.10045.3.1.7"): "ecdsa-nist-p256",
    encoded("1.3.132.0.34"): "ecdsa-nist-p384",
    encoded("1.3.132.0.35"): "ecdsa-nist-p521",
}
ECDSA_WITH: Final = {
    encoded("1.2.840.10045.4.1"): "sha1",
    encoded("1.2.840.10045.4.3.1"): "sha224",
    encoded("1.2.840.10045.4.3.2"): "sha256",
    encoded("1.2.840.10045.4.3.3"): "sha384",
    encoded("1.2.840.10045.4.3.4"): "sha512",
    encoded("2.16.840.1.101.3.4.3.10"): "sha3-256",
    encoded("2.16.840.1.101.3.4.3.11"): "sha3-384",
    encoded("2.16.840.1.101.3.4.3.12"): "sha3-512",
}
RSA_WITH: Final = {
    encoded("1.2.840.113549.1.1.4"): "md4",  # by the kernel; MD5 everywhere else
    encoded("1.2.840.113549.1.1.5"): "sha1",
    encoded("1.2.840.113549.1.1.11"): "sha256",
    encoded("1.2.840.113549.1.1.12"): "sha384",
    encoded("1.2.840.113549.1.1.13"): "sha512",
    encoded("1.2.840.113549.1.1.14"): "sha224",
    encoded("2.16.840.1.101.3.4.3.14"): "sha3-256",
    encoded("2.16.840.1.101.3.4.3.15"): "sha3-384",
    encoded("2.16.840.1.101.3.4.3.16"): "sha3-512",
}
MLDSA: Final = {
    encoded("2.16.840.1.101.3.4.3.17"): "mldsa44",
    encoded("2.16.840.1.101.3.4.3.18"): "mldsa65",
    encoded("2.16.840.1.101.3.4.3.19"): "mldsa87",
}
NO_HASH: Final = "none"  # of key types that sign the data itself
SM2_UNTIL: Final = (6, 11)
SIGNERS: Final = {  # of a certificate's signature: key type and hash
    **{oid: ("rsa", hashed) for oid, hashed in RSA_WITH.items()},
    **{oid: ("ecdsa", hashed) for oid, hashed in ECDSA_WITH.items()},
    encoded("1.2.643.7.1.1.3.2"): ("ecrdsa", "streebog256"),
    encoded("1.2.643.7.1.1.3.3"): ("ecrdsa", "streebog512"),
    SM2_WITH_SM3: ("sm2", "sm3"),
    **{oid: (kind, NO_HASH) for oid, kind in MLDSA.items()},
}
KEYS: Final = {  # of a message's signature: key type
    RSA: "rsa",
    **dict.fromkeys(ECDSA_WITH, "ecdsa"),
    **MLDSA,
    SM2_WITH_SM3: "sm2",
    **dict.fromkeys(GOST_KEYS, "ecrdsa"),
}
