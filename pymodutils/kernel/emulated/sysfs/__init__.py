"""/sys/module as user space reads and writes it."""
