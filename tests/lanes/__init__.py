"""kmod's tools and ours on the same real kernels."""
