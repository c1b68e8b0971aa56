"""Sources of kernel descriptions, one module per kind."""
