"""A machine's use of its kernel: the input of preflight.

profile     the facts as values; document: as JSON
live        the facts of the machine or a sysroot: devices, loaded, wanted, out_of_tree, policy
recording   other captures: udevadm, tables of aliases, lists of modules
private     removal of personal data
"""
