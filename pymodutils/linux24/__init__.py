"""Linux 2.4: its module system calls, and the user-space linker of modutils 2.4.16.

struct_module   the header that insmod passes to init_module
machine/        architecture-specific data: rows of relocations, slots and stubs
obj/            a module file -> an image in memory, linked like modutils
insmod/         insmod, using the linker and the kernel
kernel/         the emulated kernel: create_module, init_module, query_module, delete_module, /proc
"""
