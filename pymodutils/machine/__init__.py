"""A processor and memory in this process, on which a Linux kernel boots and runs; docs/machine.md."""
