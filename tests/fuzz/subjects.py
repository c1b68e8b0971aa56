"""Kinds of input: seeds, the place of a mutant, and the command lines that read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from tests.fuzz import seeds
from tests.linux24.vectors import file

RELEASE: Final = "6.1.0-made"
MODULES: Final = f"root/lib/modules/{RELEASE}"
TOOLS: Final = (
    *("profile", "preflight", "hooks", "call", "kunit", "cache", "talk", "completion", "help"),
    *("modprobe -n", "depmod -n", "modinfo", "lsmod", "rmmod", "insmod", "check", "graph", "static-nodes"),
    *(
        "kernel describe",
        "kernel boot",
        "kernel dmesg",
        "kernel map",
        "kernel dump",
        "kernel cat",
        "kernel ls",
    ),
)
COMMAND_LINE: Final = "files/ignored"
WORDS: Final = (
    *(
        "",
        "-",
        "--",
        "-a",
        "-n",
        "-D",
        "-r",
        "-q",
        "-vvv",
        "--show-depends",
        "--format",
        "json",
        "--format=xml",
    ),
    *(
        "--backend",
        "emulated:k.state",
        "emulated:",
        "-b",
        "good.json",
        "good.ko",
        "made",
        "x" * 5000,
        "a=b",
        "[",
        "-k",
    ),
    *(
        "--sysroot",
        "/nosuch",
        "-o",
        "out",
        "--output",
        "--expect",
        "-w",
        "1",
        "-1",
        "99999999999999999999",
        "-h",
    ),
)
FORMATS: Final = ("text", "json", "junit", "sarif", "github", "markdown", "html")
KERNEL: Final = ("-k", "good.json")


class Subject(NamedTuple):
    """A kind of input."""

    seeds: Mapping[str, bytes]
    place: str  # below the folder of a run; {} is the seed's name
    lines: tuple[str, ...]  # {} is the seed's name, FORMAT one of check's


def subjects() -> dict[str, Subject]:
    """Every kind of input by its name."""
    check = "check -k good.json --format FORMAT {}"
    conf, depmod = {"a.conf": seeds.CONFIG}, {"a.conf": seeds.DEPMOD}
    tree = (
        "modprobe -n made",
        "modprobe -D -a made fs-made net-pf-1",
        "modprobe -R pci:v1d2",
        "modprobe --explain -n made",
        "modinfo made",
        "modinfo unix",
        "depmod --check",
        "depmod -A",
        "depmod",
        "static-nodes",
        "graph made",
    )
    return {
        "modules": Subject(
            seeds.modules(),
            "files/{}",
            ("modinfo ./{}", "modinfo -0 ./{}", check, "insmod --backend emulated:k.state ./{}", check),
        ),
        "modules in a tree": Subject(
            seeds.modules(), f"{MODULES}/kernel/{{}}", ("depmod -e", "depmod -n", *tree)
        ),
        "kernels": Subject(
            seeds.kernels(),
            "files/{}",
            ("kernel describe {}", "check -k {} good.ko", "kernel boot new.state --from {}"),
        ),
        "states": Subject(
            {"k.state": b""},
            "files/{}",
            (
                "lsmod --backend emulated:k.state",
                "rmmod --backend emulated:k.state made",
                "kernel dmesg --backend emulated:k.state",
                "kernel map --backend emulated:k.state",
                "kernel cat --backend emulated:k.state /proc/kallsyms",
                "insmod --backend emulated:k.state good.ko",
            ),
        ),
        "indexes": Subject(seeds.indexes(), f"{MODULES}/{{}}", tree),
        "packages": Subject(
            seeds.packages(), "files/{}", (check, "kernel describe {}", "check -k {} good.ko")
        ),
        "signatures": Subject(
            seeds.signatures(), "files/{}", (check, "modinfo ./{}", "check -k good.json --trust {} good.ko")
        ),
        "configurations": Subject(conf, "root/etc/modprobe.d/{}", ("modprobe -c", *tree[:4])),
        "depmod.d": Subject(depmod, "root/etc/depmod.d/{}", ("depmod -n", "depmod")),
        "kernel command lines": Subject(
            {"cmdline": b'quiet dummy.numdummies=2 modprobe.blacklist=a,b x[1.2]="a b" -- init=/x\n'},
            "root/proc/{}",
            ("modprobe -c", "modprobe -n made"),
        ),
        "modules of 2.4": Subject(
            seeds.modules24(),
            "files/{}",
            (
                "insmod --backend emulated:k24.state ./{}",
                "insmod --backend emulated:k24.state -m -f ./{}",
                "modinfo --generation 2.4 ./{}",
                "depmod --backend emulated:k24.state -n ./base.o ./user.o",
                "modprobe --backend emulated:k24.state -C modules.conf user",
            ),
        ),
        "symbols of 2.4": Subject(
            {"ksyms": file("i386.ksyms")}, "files/{}", ("kernel boot new.state --generation 2.4 --from {}",)
        ),
        "states of 2.4": Subject(
            {"k24.state": b""},
            "files/{}",
            (
                "lsmod --backend emulated:k24.state",
                "insmod --backend emulated:k24.state ./base.o",
                "kernel dmesg --backend emulated:k24.state",
                "modprobe --backend emulated:k24.state -C modules.conf user",
            ),
        ),
        "modules.conf": Subject(
            {"modules.conf": seeds.MODULES_CONF},
            "files/{}",
            (
                "modprobe --backend emulated:k24.state -C {} -n user",
                "modprobe --backend emulated:k24.state -C {} -c",
                "modprobe --backend emulated:k24.state -C {} -n -r user",
                "depmod --backend emulated:k24.state -C {} -n -a",
            ),
        ),
        "profiles": Subject(
            seeds.profiles(),
            "files/{}",
            (
                "profile --from {} -o out",
                "preflight --profile {} -k good.json --from good.json",
                "preflight --profile {} -k good.json --format json",
                "preflight --profile {} -k good.json --format html --allow-list {} --contents {}",
            ),
        ),
        "command lines": Subject({"": b""}, COMMAND_LINE, TOOLS),
        "baselines": Subject(
            {"expect": seeds.BASELINE},
            "files/{}",
            ("check -k good.json --expect {} good.ko", "check --expect {} good.ko"),
        ),
    }
