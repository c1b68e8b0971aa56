"""A kernel in one file, which loads, links and removes modules as a real one would, with its words.

kernel      EmulatedKernel: what can be asked of it, one transaction each
load        load_module of 6.1 and of later kernels, as lists of steps
unload      delete_module
rules       what of a description decides, and what had to be assumed
store       the file; state what is in it during one operation
views/      /proc and /sys, byte for byte
"""
