"""The linker of modutils: a module file becomes the image that init_module is given."""
