"""insmod of modutils 2.4.16: link a module in user space, and give the kernel the image."""
