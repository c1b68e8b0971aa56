"""A real kernel and the emulated one given the same modules, whole and damaged: they must say the same."""
