"""Record the profile of the running machine, or of files taken from one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from pymodutils.depends import config_files
from pymodutils.errors import ModutilsError
from pymodutils.profile import devices, loaded, out_of_tree, policy, private, requested
from pymodutils.profile.profile import Profile

if TYPE_CHECKING:
    from pymodutils.root import Root

RELEASE: Final = "/proc/sys/kernel/osrelease"
HOST: Final = ("/proc/sys/kernel/hostname", "/etc/hostname")
LOGS: Final = ("/var/log/dmesg", "/var/log/kern.log")
FIRMWARE: Final = re.compile(r"[Ff]irmware: direct-loading firmware (\S+)|Loaded FW: (\S+?),")
KMSG: Final = "/dev/kmsg"
MOST: Final = 16 << 20  # bytes of a log
LINES: Final = 100_000  # of the kernel's buffer


def read(root: Root) -> Profile:
    """The profile of ``root``; needs no privileges. Unreadable facts are listed in ``incomplete``."""
    release = root.text(RELEASE).strip() if root.sysroot else root.release()
    host = next(filter(None, (root.text(path).strip() for path in HOST)), "")
    lacks = []
    try:
        modules = loaded.read(root, host)
    except ModutilsError as error:
        modules, lacks = (), [f"modules: {error}"]
    folder = root.modules(release=release)
    found = Profile(
        release=release,
        version=_version(root),
        arch=root.text("/proc/sys/kernel/arch").strip() or ("" if root.sysroot else os.uname().machine),
        cmdline=private.cmdline(root.text("/proc/cmdline"), host),
        devices=devices.read(root),
        modules=modules,
        wishes=requested.wishes(root),
        config=requested.config(root, host),
        file_systems=requested.file_systems(root),
        ciphers=requested.ciphers(root),
        mapper=requested.mapper(root),
        out_of_tree=out_of_tree.read(root, folder, release, modules),
        policy=policy.read(root),
        firmware=_firmware(root),
    )
    if not release:
        lacks.append(f"release: could not read {root.path(RELEASE)}: give preflight --from KERNEL")
    if not found.devices:
        lacks.append(f"devices: none below {root.path('/sys/devices')}")
    config = config_files.load(root, folder, (), lambda _: None)
    return found._replace(modules=loaded.asked(found, config, folder), incomplete=tuple(lacks))


def _version(root: Root) -> str:
    found = re.match(r"Linux version \S+ .*?(#\d.*)?$", root.text("/proc/version").strip())
    return (found[1] or "") if found else ""


def _firmware(root: Root) -> tuple[str, ...]:
    """The loaded firmware according to the log; Debian's kernels log each file."""
    text = "" if root.sysroot else _kmsg()
    text += "".join(root.text(path)[-MOST:] for path in LOGS)
    return tuple(dict.fromkeys(one or other for one, other in FIRMWARE.findall(text)))


def _kmsg() -> str:
    """The kernel's log, if this user may read it."""
    lines: list[bytes] = []
    try:
        number = os.open(KMSG, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        while len(lines) < LINES:
            lines.append(os.read(number, 8192))
    except OSError:
        pass  # the end, or an overwritten line
    finally:
        os.close(number)
    return b"".join(lines).decode("utf-8", "replace")
