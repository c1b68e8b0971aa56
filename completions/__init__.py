"""Completions for bash, zsh and fish, generated from the commands' own options: ``make completions``."""
