"""The profile of a machine: what it uses of its kernel, without identifying data."""

from __future__ import annotations

from typing import Any, NamedTuple


class Device(NamedTuple):
    """A device, or several alike."""

    modalias: str  # empty for one that has none
    driver: str = ""  # bound driver; empty if none
    bus: str = ""
    module: str | None = None  # module of the driver; empty if none, None if not recorded


class LoadedModule(NamedTuple):
    """A loaded module."""

    name: str
    size: int = 0  # bytes, as in /proc/modules
    users: int | None = None  # the reference count
    holders: tuple[str, ...] = ()  # the modules that use it
    taints: str = ""  # letters
    version: str = ""
    parameters: tuple[tuple[str, str], ...] = ()  # as in /sys/module
    asked: tuple[str, ...] = ()  # reasons for loading it


class Wish(NamedTuple):
    """A module requested by name in a file."""

    name: str
    place: str  # the file


class ModprobeLine(NamedTuple):
    """A line of modprobe's configuration."""

    place: str  # FILE:NUMBER
    text: str


class FileSystem(NamedTuple):
    """A file system type, and its origin: mounted, fstab, or found on a device."""

    type: str
    place: str


class Cipher(NamedTuple):
    """An algorithm of the kernel's crypto API in use."""

    name: str
    driver: str
    module: str  # empty if built in


class OutOfTree(NamedTuple):
    """An out-of-tree module."""

    name: str
    version: str = ""
    file: str = ""  # below the module directory
    dkms: str = ""  # NAME/VERSION of its DKMS package


class Policy(NamedTuple):
    """The policy for module signatures."""

    lockdown: str = ""  # none, integrity or confidentiality
    sig_enforce: bool | None = None
    secure_boot: bool | None = None
    keys: tuple[str, ...] = ()  # identifiers of enrolled certificates: serial or subject key, hexadecimal

    @property
    def enforced(self) -> bool:
        """Whether the kernel refuses modules without a valid signature."""
        return bool(self.sig_enforce or self.secure_boot) or self.lockdown in ("integrity", "confidentiality")


class Profile(NamedTuple):
    """The profile of a machine."""

    release: str = ""  # of the kernel that runs
    version: str = ""  # uname -v
    arch: str = ""  # uname -m
    cmdline: str = ""  # words about modules
    devices: tuple[Device, ...] = ()
    modules: tuple[LoadedModule, ...] = ()  # newest first
    wishes: tuple[Wish, ...] = ()
    config: tuple[ModprobeLine, ...] = ()
    file_systems: tuple[FileSystem, ...] = ()
    ciphers: tuple[Cipher, ...] = ()
    mapper: tuple[str, ...] = ()  # kinds of device-mapper devices: CRYPT, LVM, mpath
    out_of_tree: tuple[OutOfTree, ...] = ()
    policy: Policy = Policy()
    firmware: tuple[str, ...] = ()  # files loaded by the kernel
    incomplete: tuple[str, ...] = ()  # what could not be read, and why

    def named(self, name: str) -> LoadedModule | None:
        """The loaded module ``name``."""
        return next((module for module in self.modules if module.name == name), None)


def merge(parts: list[Profile]) -> Profile:
    """Merge ``parts`` of one machine; the first known value of each fact is used."""
    whole = parts[0]
    for part in parts[1:]:
        fields: dict[str, Any] = {}
        for name, ours, theirs in zip(whole._fields, whole, part, strict=True):
            joined = isinstance(ours, tuple) and not isinstance(ours, Policy)
            fields[name] = tuple(dict.fromkeys((*ours, *theirs))) if joined else ours or theirs
        if whole.policy == Policy():
            fields["policy"] = part.policy
        whole = Profile(**fields)
    return whole
