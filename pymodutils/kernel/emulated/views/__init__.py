"""What user space sees of the emulated kernel: files with the texts that the real ones have."""
