"""Sources of expected values: Debian's packages, kmod 30 and 34, real kernels."""
