"""Loading and removing a module, a file for each step of kernel/module/main.c."""
