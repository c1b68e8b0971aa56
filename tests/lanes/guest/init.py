"""PID 1 of the guests: mounts file systems, runs the job in JOB/job.json, returns its result.

In User Mode Linux, the host's root is mounted read-only; a tmpfs with links into it becomes the root, so that
the guest has its own /lib/modules and /etc/modprobe.d. In QEMU, the initramfs is already the root.
"""

import ctypes
import json
import os
import sys
import traceback
import types
from typing import IO

HOST = "/host"
BIND, POWER_OFF, RESTART = 4096, 0x4321FEDC, 0x01234567  # linux/mount.h, linux/reboot.h
OWN = ("/", "/usr", "/usr/lib", "/etc", "/tmp")  # their entries are links, so that some can be replaced
REPLACED = ("/usr/lib/modules", "/etc/modprobe.d", "/run", "/proc", "/sys", "/dev", "/job", "/host")

libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    if libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()):
        code = ctypes.get_errno()
        raise OSError(code, f"mount {target}: {os.strerror(code)}")


def machine() -> None:
    """Mount the usual file systems."""
    for name in ("proc", "sys", "dev", "run", "tmp", "etc/modprobe.d"):
        os.makedirs(f"/{name}", exist_ok=True)
    mount("proc", "/proc", "proc")
    mount("sysfs", "/sys", "sysfs")
    try:
        mount("dev", "/dev", "devtmpfs")
    except OSError as error:
        if error.errno != 16:  # the kernel has mounted it by itself
            raise
    mount("tmpfs", "/run", "tmpfs")


def root_of_links(new: str) -> None:
    """Make ``new`` a root like the host's, with the host's own at ``new``/host."""
    mount("tmpfs", new, "tmpfs")
    os.mkdir(new + HOST)
    mount("/", new + HOST, "none", BIND)
    for folder in OWN:
        os.makedirs(new + folder, exist_ok=True)
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if path in REPLACED or path in OWN:
                continue
            if os.path.islink(path) and not os.readlink(path).startswith("/"):
                os.symlink(os.readlink(path), new + path)
            else:
                os.symlink(HOST + path, new + path)
    for path in REPLACED:
        os.makedirs(new + path, exist_ok=True)


def user_mode_linux(job: str) -> None:
    """Set up the guest until /job is the host's folder ``job``."""
    new = "/mnt"
    root_of_links(new)
    os.chroot(new)
    os.chdir("/")
    mount("none", "/job", "hostfs", 0, job)
    machine()


def call() -> object:
    """What the function of the job returns."""
    with open("/job/job.json", encoding="utf-8") as file:
        job = json.load(file)
    sys.path[:0] = job["path"]
    os.environ.update(job["environ"])
    module, _, function = job["call"].partition(":")
    return getattr(__import__(module, fromlist=["x"]), function)(*job["arguments"])


def say(result: object, file: IO[str]) -> None:
    """Write ``result``; of a generator what it yields, a line each as it comes, and then its end."""
    if not isinstance(result, types.GeneratorType):
        file.write(json.dumps(result, ensure_ascii=True) + "\n")
        return
    for item in result:
        say({"item": item}, file)
    say({"end": True}, file)


def main() -> None:
    uml = os.environ.get("JOB")
    if uml:
        user_mode_linux(uml)
    else:
        machine()
    status = 0
    with open("/job/result.json" if uml else "/dev/ttyS1", "w", encoding="ascii", buffering=1) as file:
        try:
            say(call(), file)
        except BaseException:  # noqa: BLE001 -- whatever it is, the host wants to hear of it
            status = 1
            say({"traceback": traceback.format_exc()}, file)
    os.sync()
    if uml:
        with open("/proc/exitcode", "w", encoding="ascii") as file:
            file.write(f"{status}\n")
    with open("/proc/cmdline", encoding="ascii") as file:
        without_acpi = "acpi=off" in file.read().split()  # nothing can switch it off then
    libc.reboot(ctypes.c_uint(RESTART if without_acpi else POWER_OFF))


main()
