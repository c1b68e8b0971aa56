"""Module files for the cases: real ones, and copies with one fault each."""

import gzip
import lzma
import os
import re
import shutil

MODULES = ("fat", "vfat", "msdos", "dummy", "overlay", "dm-mod")
E_MACHINE = 18  # where the ELF header keeps it


def make(tree: str, folder: str) -> None:
    """Fill ``folder`` with samples made from the modules of ``tree``."""
    os.mkdir(folder)
    for name in MODULES:
        shutil.copy(find(tree, name), f"{folder}/{name}.ko")
    with open(f"{folder}/fat.ko", "rb") as file:
        fat = file.read()
    magic = re.sub(rb"\0vermagic=\d", b"\0vermagic=7", fat)
    samples = {
        "magic.ko": magic,
        "text.ko": b"this is not a module\n" * 20,
        "empty.ko": b"",
        "five.ko": b"\x7fELF\x02",
        "six.ko": b"\x7fELF\x02\x01",
        "cut.ko": fat[:200],
        "half.ko": fat[: len(fat) // 2],
        "machine.ko": fat[:E_MACHINE] + b"\x16\x00" + fat[E_MACHINE + 2 :],
        "bad.ko.zst": b"\x28\xb5\x2f\xfd" + bytes(100),
        "secret.ko": fat,
    }
    for name, image in (("fat", fat), ("magic", magic)):
        samples.update({f"{name}.ko.{kind}": pack(image) for kind, pack in PACK.items()})
    samples["cut.ko.xz"] = samples["fat.ko.xz"][:300]
    samples["cut.ko.zst"] = samples["fat.ko.zst"][:300]
    for name, data in samples.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)
    os.chmod(f"{folder}/secret.ko", 0o600)
    os.symlink("nowhere.ko", f"{folder}/dangling.ko")


def find(tree: str, name: str) -> str:
    """The file of module ``name`` below ``tree``."""
    for folder, _, files in os.walk(tree):
        if f"{name}.ko" in files:
            return f"{folder}/{name}.ko"
    raise FileNotFoundError(f"no {name}.ko in {tree}")


def builtins(tree: str) -> dict[str, str]:
    """A built-in module with a directory in /sys/module as BUILTIN, one without as PLAIN."""
    with open(f"{tree}/modules.builtin", encoding="ascii") as file:
        names = [os.path.basename(line).partition(".")[0].replace("-", "_") for line in file]
    shown = set(os.listdir("/sys/module"))
    return {
        "BUILTIN": next(name for name in names if name in shown),
        "PLAIN": next(name for name in names if name not in shown),
    }


def _xz(data: bytes) -> bytes:
    return lzma.compress(data, check=lzma.CHECK_CRC32, preset=1)


def _zst(data: bytes) -> bytes:
    from backports import zstd  # noqa: PLC0415 -- part of Python from 3.14 on

    return zstd.compress(data, 3)


def _gz(data: bytes) -> bytes:
    return gzip.compress(data, 1)


PACK = {"xz": _xz, "zst": _zst, "gz": _gz}
