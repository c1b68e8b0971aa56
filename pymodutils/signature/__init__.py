"""Signatures of modules as the kernel reads and verifies them: BER, X.509, PKCS#7, RSA and ECDSA."""
