"""What a machine uses of its kernel: the facts that an upgrade is held against.

profile     the facts as values; document the same as JSON
live        the facts of the machine, or of one below a sysroot: devices, loaded, wanted, out_of_tree, policy
recording   captures of other kinds: udevadm, tables of aliases, lists of modules
private     what no profile holds
"""
