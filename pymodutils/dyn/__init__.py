"""Modules as shared objects, as a patch for Linux 2.5.49 loaded them: docs/shared-objects.md.

The linker has placed everything, so there are no sections to lay out and only dynamic relocations.
"""
