"""Where the truth comes from: Debian's packages, kmod 30 and 34, real kernels."""
