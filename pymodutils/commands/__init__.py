"""One file per command: words -> a call into the core -> text or JSON."""
