"""A kernel that links modules in-process and gives the real one's verdict."""
