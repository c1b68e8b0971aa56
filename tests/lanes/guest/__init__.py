"""Code that runs inside the guest: the standard library and the package under test."""
