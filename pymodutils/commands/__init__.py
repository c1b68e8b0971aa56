"""The commands, one module each: parse options, call the core, print text or JSON."""
