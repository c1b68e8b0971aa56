"""Module signatures as parsed and verified by the kernel: BER, X.509, PKCS#7, RSA, ECDSA and ML-DSA."""
