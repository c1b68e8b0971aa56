"""The module-related part of /proc."""
