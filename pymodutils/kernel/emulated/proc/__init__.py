"""/proc as far as it is about modules."""
