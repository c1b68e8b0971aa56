"""Generate the database of a module directory: walk, scan, order, emit, publish."""
