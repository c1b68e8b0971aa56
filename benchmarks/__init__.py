"""Pairs against kmod in one run, as ratios."""
