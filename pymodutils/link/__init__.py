"""Link a module file into its memory image, in the kernel's steps.

    Object      the file as the loader sees it
    layout      the placement of its sections; kernel/module/main.c
    Image       the memory at its addresses, with sections copied
    simplify    st_value of every symbol
    relocate    apply the relocations
    extable     sort the exception table
    patch       other changes by the kernel that depend only on the module

Policy (who may use which symbol) and messages are up to the caller.
"""
