"""A kernel in a file that loads, links and removes modules like a real one, with its messages.

kernel          EmulatedKernel: the system calls and queries, one transaction each
load/           load_module of 6.1 and of later kernels, as lists of steps; delete_module
params/         module parameters
rules           properties from a description, and assumptions
state/          the file, and its contents during an operation
proc/ sysfs/    /proc and /sys, byte for byte
"""
