"""Random command lines and configurations for kmod 34 and for ours; what they say must be the same."""
