"""Random command lines and configurations, run by kmod 34 and by pymodutils."""
