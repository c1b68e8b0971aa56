"""A module directory: indexes, configuration, the dependency graph, plans."""
