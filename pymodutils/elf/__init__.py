"""What a module file says: sections, .modinfo, versions, exports, signatures."""
