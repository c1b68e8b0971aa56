"""Linux 2.4: its module system calls, and the user-space linker of modutils 2.4.16.

struct_module   the header that insmod hands to init_module
machine/        what differs between architectures: rows of relocations, slots and stubs
obj/            a module file -> an image in memory, linked as modutils links it
insmod/         what insmod does with the linker and the kernel
kernel/         the emulated kernel: create_module, init_module, query_module, delete_module, /proc
"""
