"""From a directory of modules to its database: walk, scan, order, emit, publish."""
