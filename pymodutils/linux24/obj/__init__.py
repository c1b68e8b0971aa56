"""The linker of modutils: from a module file to the image for init_module."""
