"""The kernel as a part that can be exchanged: the real one and an emulated one."""
