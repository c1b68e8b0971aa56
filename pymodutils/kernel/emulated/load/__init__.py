"""Load and remove modules: one file for each step of kernel/module/main.c."""
