"""modules.conf: the configuration of modprobe and depmod of modutils."""
