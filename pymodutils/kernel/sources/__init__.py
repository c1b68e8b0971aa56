"""Where a kernel's description can come from, a file for each kind of source."""
