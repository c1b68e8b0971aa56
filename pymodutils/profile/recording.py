"""Read other captures as profiles: ``udevadm info --export-db``, tables of aliases, lists of modules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pymodutils.elf import compress
from pymodutils.errors import ModutilsError
from pymodutils.profile import document
from pymodutils.profile.profile import Device, FileSystem, LoadedModule, Profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NONE: Final = "-"
COLUMNS: Final = 3  # modalias, driver, bus; a fourth is the module
CARRIED: Final = "# block devices carry:"
BARE: Final = "# drivers bound to devices without a modalias (bus/driver):"
PAIR: Final = re.compile(r"(\S+)/([^/]+?)(?= \S+/|$)")
MODULE: Final = re.compile(r"^[\w-]+(?: \d+(?: (?:\d+|-)(?: \S+.*)?)?)?$", re.ASCII)
KINDS: Final = "a profile, the output of 'udevadm info --export-db', a table of aliases or /proc/modules"


def read(path: str) -> Profile:
    """The profile in the file ``path``, compressed or not; raises ModutilsError."""
    data = compress.read(path)
    if data.lstrip().startswith(b"{"):
        return document.loads(data, path)
    lines = data.decode("utf-8", "surrogateescape").splitlines()
    facts = [line for line in lines if line.strip() and not line.startswith("#")]
    if any(line.startswith("E: ") for line in facts):
        return _exported(lines)
    if facts and all("\t" in line for line in facts):
        return _table(lines, facts, path)
    if facts and all(map(MODULE.match, facts)):
        return Profile(modules=tuple(map(_loaded, facts)))
    raise ModutilsError(path, f"{path}: it is no profile: give {KINDS}")


def _table(lines: Sequence[str], facts: Sequence[str], path: str) -> Profile:
    rows = [line.split("\t") for line in facts]
    short = next((row for row in rows if len(row) < COLUMNS), None)
    if short:
        raise ModutilsError(path, f"{path}: a line has no modalias, driver and bus: {short[0][:60]!r}")
    devices = [_device(*row[: COLUMNS + 1]) for row in rows]
    types = []
    for line in lines:
        if line.startswith(CARRIED):
            types += line.removeprefix(CARRIED).split()
        elif line.startswith(BARE):
            pairs = PAIR.findall(line.removeprefix(BARE).strip())
            devices += [Device("", driver, bus) for bus, driver in pairs]
    carried = tuple(FileSystem(name, "on a device") for name in types)
    return Profile(devices=tuple(dict.fromkeys(devices)), file_systems=carried)


def _device(alias: str, driver: str, bus: str, module: str | None = None) -> Device:
    if module is not None:
        module = "" if module == NONE else module
    return Device(_known(alias), _known(driver), _known(bus), module)


def _known(word: str) -> str:
    return "" if word == NONE else word


def _loaded(line: str) -> LoadedModule:
    name, size, users, holders = [*line.split(), *[""] * 3][:4]
    used_by = tuple(it for it in holders.split(",") if it not in ("", NONE, "[permanent]"))
    taints = line.rpartition(" (")[2].rstrip(")") if line.endswith(")") else ""
    return LoadedModule(name, int(size or 0), int(users) if users.isdigit() else None, used_by, taints)


def _exported(lines: Sequence[str]) -> Profile:
    """Parse udev's database: one block per device."""
    devices: dict[Device, None] = {}
    types: dict[FileSystem, None] = {}
    for block in _blocks(lines):
        if "MODALIAS" in block or "DRIVER" in block:
            requested = (block.get(key, "") for key in ("MODALIAS", "DRIVER", "SUBSYSTEM"))
            devices[Device(*requested)] = None
        if "ID_FS_TYPE" in block:
            types[FileSystem(block["ID_FS_TYPE"], "on a device")] = None
    return Profile(devices=tuple(devices), file_systems=tuple(types))


def _blocks(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    block: dict[str, str] = {}
    for line in [*lines, ""]:
        if line.startswith("P: ") or not line.strip():
            if block:
                yield block
            block = {}
        elif line.startswith("E: "):
            key, _, value = line[3:].partition("=")
            block[key] = value
