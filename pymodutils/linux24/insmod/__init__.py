"""insmod of modutils 2.4.16: link a module in user space, and pass the image to the kernel."""
