"""/sys/module, readable and writable."""
