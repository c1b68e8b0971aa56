"""What an emulated kernel remembers: a database, the modules in it, and their memory."""
