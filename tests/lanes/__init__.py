"""Real kernels under real tools: kmod's and ours run the same cases on the same kernel, side by side."""
