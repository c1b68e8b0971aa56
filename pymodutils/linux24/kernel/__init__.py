"""The module system of an emulated 2.4 kernel, in one file; kernel/module.c of 2.4.32.

kernel      Linux24: its system calls and files, one transaction each
boot        create a state file from a list of symbols, read by ksyms
state       the state during a call; schema: its tables
create_module, init_module, query_module, delete_module, get_kernel_syms    the system calls
procfs      /proc/modules, /proc/ksyms, /proc/sys/kernel
"""
