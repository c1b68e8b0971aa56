"""Check what a machine would lose under another kernel, before booting it.

system      a kernel with its modules, and what is built into it; indexes for one that depmod has not seen,
            fresh for single modules
needs what the machine requires of a kernel; judge judges each under the old and the new kernel
lines       configuration without effect; foreign modules from outside; firmware, allowed, elsewhere
boot        every module loaded into an emulated kernel, in the order of a boot
preflight the entry point; result: its result
"""
