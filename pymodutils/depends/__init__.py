"""Module directories: indexes, configuration, the dependency graph, plans."""
