"""What runs inside of the guest: the standard library and the package under test, nothing else."""
