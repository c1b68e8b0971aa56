"""Thousands of damaged modules in the emulated loader and in a real kernel in this process."""
