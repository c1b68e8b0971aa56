"""An emulated 2.4 kernel in one file, as far as it is about modules; kernel/module.c of 2.4.32.

kernel      Linux24: its system calls and files, a transaction each
boot        a state file from a list of symbols; ksyms reads that
state       what is in the kernel during one call; schema is the file
create_module, init_module, query_module, delete_module, get_kernel_syms    the system calls
procfs      /proc/modules, /proc/ksyms, /proc/sys/kernel
"""
