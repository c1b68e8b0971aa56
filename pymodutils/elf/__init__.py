"""Read module files: sections, .modinfo, versions, exports, signatures."""
