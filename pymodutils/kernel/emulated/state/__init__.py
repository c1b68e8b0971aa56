"""The state of an emulated kernel: a database with its modules and their memory."""
