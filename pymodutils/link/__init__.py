"""From a module file to its image in memory, by the kernel's own steps.

    Object      the file as the loader sees it
    layout      how its sections share the module's memory; kernel/module/main.c
    Image       that memory at its addresses, sections copied
    simplify    what each symbol is worth
    relocate    the image with every place patched
    extable     its exception table in order
    patch       what else a kernel changes, where that follows from the module

Policy (who may use which symbol) and messages are the caller's.
"""
