"""The Linux module tools as one package: ``modinfo``, ``depmod``, ``modprobe`` and the rest, over a typed core."""

__version__ = "0.1.0"
