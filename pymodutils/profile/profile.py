"""The profile of a machine: what it uses of its kernel, without what tells one machine from its twin."""

from __future__ import annotations

from typing import Any, NamedTuple


class Device(NamedTuple):
    """A device, or several alike."""

    modalias: str  # empty for one that has none
    driver: str = ""  # bound to it; empty: none
    bus: str = ""
    module: str | None = None  # that the driver is in; empty: none, None: not recorded


class LoadedModule(NamedTuple):
    """A loaded module."""

    name: str
    size: int = 0  # bytes, as /proc/modules shows
    users: int | None = None  # the reference count
    holders: tuple[str, ...] = ()  # the modules that use it
    taints: str = ""  # letters
    version: str = ""
    parameters: tuple[tuple[str, str], ...] = ()  # as /sys/module shows them
    asked: tuple[str, ...] = ()  # who wanted it, in words


class Wish(NamedTuple):
    """A module that a file asks for by name."""

    name: str
    place: str  # the file


class ModprobeLine(NamedTuple):
    """A line of modprobe's configuration."""

    place: str  # FILE:NUMBER
    text: str


class FileSystem(NamedTuple):
    """A type of file system, and where it is named: mounted, fstab, or found on a device."""

    type: str
    place: str


class Cipher(NamedTuple):
    """An algorithm of the kernel's crypto API that is in use."""

    name: str
    driver: str
    module: str  # empty for one of the kernel itself


class OutOfTree(NamedTuple):
    """A module that is not from the kernel's own package."""

    name: str
    version: str = ""
    file: str = ""  # below the module directory
    dkms: str = ""  # NAME/VERSION of its DKMS package


class Policy(NamedTuple):
    """What decides about signatures of modules."""

    lockdown: str = ""  # none, integrity or confidentiality
    sig_enforce: bool | None = None
    secure_boot: bool | None = None
    keys: tuple[str, ...] = ()  # identifiers of enrolled certificates: serial or subject key, hexadecimal

    @property
    def enforced(self) -> bool:
        """Whether the kernel refuses modules without a valid signature."""
        return bool(self.sig_enforce or self.secure_boot) or self.lockdown in ("integrity", "confidentiality")


class Profile(NamedTuple):
    """Everything that is known of the machine."""

    release: str = ""  # of the kernel that runs
    version: str = ""  # uname -v
    arch: str = ""  # uname -m
    cmdline: str = ""  # words that matter to modules
    devices: tuple[Device, ...] = ()
    modules: tuple[LoadedModule, ...] = ()  # newest first
    wishes: tuple[Wish, ...] = ()
    config: tuple[ModprobeLine, ...] = ()
    file_systems: tuple[FileSystem, ...] = ()
    ciphers: tuple[Cipher, ...] = ()
    mapper: tuple[str, ...] = ()  # kinds of device-mapper devices: CRYPT, LVM, mpath
    out_of_tree: tuple[OutOfTree, ...] = ()
    policy: Policy = Policy()
    firmware: tuple[str, ...] = ()  # files that the kernel has loaded
    incomplete: tuple[str, ...] = ()  # what could not be read, and why

    def named(self, name: str) -> LoadedModule | None:
        """The loaded module ``name``."""
        return next((module for module in self.modules if module.name == name), None)


def merge(parts: list[Profile]) -> Profile:
    """``parts`` of one machine as one: of a single fact the first that is known counts."""
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
