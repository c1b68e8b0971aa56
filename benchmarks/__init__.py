"""pymodutils and kmod in turns in one run, as ratios."""
