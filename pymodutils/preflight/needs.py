"""The needs of a machine, in boot order: devices by module, then names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils.names import normalize
from pymodutils.preflight.system import ABSENT, BUILTIN, MODULE, UNLISTED
from pymodutils.profile.out_of_tree import FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymodutils.preflight.system import System
    from pymodutils.profile.profile import Device, Profile

DEVICE, FILE_SYSTEM, FILE, LOADED, FOREIGN = "device", "file system", "file", "loaded", "out of tree"
MAPPED: Final = {"CRYPT": "dm_crypt", "LVM": "dm_mod", "mpath": "dm_multipath", "VERITY": "dm_verity"}
CARRIED: Final = {  # content of a block device, as named by blkid -> module
    "crypto_LUKS": "dm_crypt",
    "LVM2_member": "dm_mod",
    "linux_raid_member": "md_mod",
    "bcache": "bcache",
}
NO_DRIVER: Final = ("swap", "proc", "sysfs", "tmpfs", "devtmpfs", "devpts", "cgroup2", "bpf")


class Need(NamedTuple):
    """A need; ``name`` is the module, or another name if that is unknown."""

    kind: str
    name: str
    aliases: tuple[str, ...] = ()  # modaliases of devices
    driver: str = ""  # drivers bound to them
    is_module: bool = True  # whether ``name`` is a module, not a built-in driver
    place: str = ""  # the file that requests it
    in_use: bool = True

    @property
    def title(self) -> str:
        """The title in reports."""
        if self.kind == FOREIGN:
            return f"{self.name} ({FOREIGN})"
        return self.name if self.kind in (DEVICE, LOADED) else f"{self.kind} {self.name}"


def needs(profile: Profile, old: System | None) -> list[Need]:
    """The needs of ``profile``; ``old`` is its kernel, if available."""
    found = [*_devices(profile, old), *_names(profile)]
    served = {need.name for need in found if need.is_module}
    found += _loaded(profile, old, served)
    known: dict[tuple[str, str], Need] = {}
    for need in found:
        known.setdefault((need.kind, need.name), need)
    return list(known.values())


def _devices(profile: Profile, old: System | None) -> Iterator[Need]:
    """Bound devices by module, or by driver if its module was not recorded."""
    groups: dict[tuple[str, bool, str], list[str]] = {}
    for device in profile.devices:
        if device.driver:
            name, is_module = _module(device, old)
            groups.setdefault((name, is_module, device.driver), []).append(device.modalias)
    for (name, is_module, driver), aliases in groups.items():
        yield Need(DEVICE, name, tuple(filter(None, aliases)), driver, is_module)


def _module(device: Device, old: System | None) -> tuple[str, bool]:
    """The module of the bound driver, as recorded or found in the old kernel; else the driver."""
    spelled = normalize(device.driver.replace(" ", "_"))
    if device.module:
        return device.module, True
    if device.module is not None or old is None:
        return spelled, False
    state = old.state(spelled)
    if state in (BUILTIN, UNLISTED):
        return spelled, False
    if state == MODULE:
        return spelled, True
    claimed = [it.name for it in old.lookup(device.modalias)] if device.modalias else []
    related = [name for name in claimed if old.state(name) == MODULE]
    return (related[0], True) if len(related) == 1 else (spelled, False)


def _names(profile: Profile) -> Iterator[Need]:
    for wish in profile.wishes:
        yield Need(FILE, wish.name, place=wish.place)
    for system in profile.file_systems:
        if system.type in CARRIED:
            yield Need(LOADED, CARRIED[system.type], place=system.place)
        elif system.type not in NO_DRIVER:
            yield Need(FILE_SYSTEM, system.type, place=system.place, in_use=system.place != "on a device")
    for kind in profile.mapper:
        if kind in MAPPED:
            yield Need(LOADED, MAPPED[kind], place="device mapper")


def _loaded(profile: Profile, old: System | None, served: set[str]) -> Iterator[Need]:
    """Loaded modules that no device or file explains."""
    foreign = {it.name for it in profile.out_of_tree}
    for it in profile.out_of_tree:
        yield Need(FOREIGN, it.name, place=it.dkms or it.file)
    used = served.union(module.name for module in profile.modules) - foreign
    for name in sorted(used):  # what the profile does not say, the tree of its kernel may
        place = old.place(name) if old is not None else ""
        if place.partition("/")[0] in FOLDERS:
            foreign.add(name)
            yield Need(FOREIGN, name, place=place)
    for module in profile.modules:
        if module.name in foreign:
            continue
        if old is not None and old.state(module.name) == ABSENT:
            yield Need(FOREIGN, module.name)  # not from that kernel's package
        elif module.name not in served and not module.holders:
            yield Need(LOADED, module.name)
