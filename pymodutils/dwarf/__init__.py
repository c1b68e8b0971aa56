"""Debug information of a module: functions, lines and types; the door to pyelftools."""
