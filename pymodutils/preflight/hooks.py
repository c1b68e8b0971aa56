"""Install hooks that make package managers run a preflight before the reboot."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from pymodutils import writer
from pymodutils.errors import ModutilsError, NotFound
from pymodutils.regular import opener

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymodutils.root import Root

MARK: Final = "# Installed by 'pymodutils hooks install', removed by 'pymodutils hooks remove'."
EXECUTABLE: Final = 0o755
CALL: Final = (
    '[ ! -x "{python}" ] || "{python}" -P -m pymodutils hooks run {words}'
    " || [ x$PYMODUTILS_PREFLIGHT != xstrict ]"
)
POSTINST: Final = f"#!/bin/sh\n{MARK}\n{CALL}\n"
PLUGIN: Final = f'#!/bin/sh\n{MARK}\n[ "$1" = add ] || exit 0\n{CALL}\n'
APT: Final = f"{MARK}\nDPkg::Post-Invoke " + '{ "' + CALL.replace('"', "'") + '"; };\n'
DKMS: Final = (
    f'{MARK}\n[ -n "$POST_INSTALL" ] || POST_INSTALL="../../../usr/local/lib/pymodutils-dkms $kernelver"\n'
)


class Hook(NamedTuple):
    """A file read by a package manager, and how it calls us."""

    path: str
    text: str
    words: str  # after ``hooks run``
    needs: str  # a folder whose presence indicates the package manager
    executable: bool = True


HOOKS: Final = {
    "debian": Hook("/etc/kernel/postinst.d/zz-pymodutils", POSTINST, '"$1"', "/etc/kernel/postinst.d"),
    "kernel-install": Hook(
        "/etc/kernel/install.d/95-pymodutils.install", PLUGIN, '"$2"', "/usr/lib/kernel/install.d"
    ),
    "apt": Hook(
        "/etc/apt/apt.conf.d/99pymodutils", APT, "--changed", "/etc/apt/apt.conf.d", executable=False
    ),
    "dkms": Hook("/usr/local/lib/pymodutils-dkms", POSTINST, '"$1"', "/etc/dkms"),
}


def install(kinds: Sequence[str], root: Root) -> list[str]:
    """Write the hooks of ``kinds``, or of every package manager found; return their files.

    Raises NotFound if there is none, ModutilsError if a file of that name is not ours.
    """
    wanted = [kind for kind, hook in HOOKS.items() if kind in kinds or (not kinds and _is_there(hook, root))]
    if not wanted:
        raise NotFound("hooks", f"none of {', '.join(HOOKS)} is on this machine: name the hooks to install")
    files = [_write(HOOKS[kind], root) for kind in wanted]
    return files + (_dkms(root) if "dkms" in wanted else [])


def remove(root: Root) -> list[str]:
    """Remove all our hooks; return their files."""
    found = []
    for place in [*(hook.path for hook in HOOKS.values()), *_overrides(root)]:
        path = root.path(place)
        if _is_ours(path):
            os.unlink(path)
            found.append(place)
    return found


def _is_there(hook: Hook, root: Root) -> bool:
    return os.path.isdir(root.path(hook.needs))


def _write(hook: Hook, root: Root) -> str:
    text = hook.text.replace("{python}", sys.executable).replace("{words}", hook.words)
    _save(root.path(hook.path), text, executable=hook.executable)
    return hook.path


def _save(path: str, text: str, *, executable: bool) -> None:
    if os.path.exists(path) and not _is_ours(path):
        raise ModutilsError(path, f"{path}: not written by 'pymodutils hooks install': move it away first")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    writer.save(path, text.encode())
    if executable:
        os.chmod(path, EXECUTABLE)


def _is_ours(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace", opener=opener) as file:
            return MARK in file.read(4096)
    except OSError:
        return False


def _dkms(root: Root) -> list[str]:
    """A configuration for each DKMS package that runs the hook after its builds."""
    from pymodutils.profile.out_of_tree import sources  # noqa: PLC0415 -- the others do not need it

    places = [f"/etc/dkms/{package}.conf" for package, _ in sources(root)]
    found = []
    for place in dict.fromkeys(places):
        path = root.path(place)
        if not os.path.exists(path) or _is_ours(path):
            _save(path, DKMS, executable=False)
            found.append(place)
    return found


def _overrides(root: Root) -> list[str]:
    folder = "/etc/dkms"
    try:
        return [
            f"{folder}/{name}" for name in sorted(os.listdir(root.path(folder))) if name.endswith(".conf")
        ]
    except OSError:
        return []
