"""Check what a machine would lose under another kernel, before booting it.

system      a kernel with its modules, and what is built into it; indexes for one that depmod has not seen,
            fresh for single modules
needs       what the machine asks of a kernel; judge each of it under the old kernel and the new one
lines       configuration without effect; foreign modules from outside; firmware, allowed, elsewhere
boot        every module loaded into an emulated kernel, in the order of a boot
preflight   the entry point; result what it gives
"""
