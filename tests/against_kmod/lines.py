"""Random command lines of each tool, reproducible by number."""

from __future__ import annotations

import random
from typing import Final

from tests.oracles import small

FLAGS: Final = {
    "modprobe": (
        "-a -r -R -D -n -v -q -i -b -f -s -c --all --remove --resolve-alias --first-time --ignore-install "
        "--ignore-remove --use-blacklist --force --force-modversion --force-vermagic --show-depends "
        "--showconfig --show-config --show-modversions --dump-modversions --show-exports --dry-run --show "
        "--quiet --verbose --remove-dependencies --remove-holders --syslog"
    ),
    "modinfo": (
        "-a -d -l -p -n -0 -m --author --description --license --parameters --filename --null --modname"
    ),
    "depmod": "-a -A -e -w -v --all --quick --errsyms --warn --verbose --show --dry-run",
    "insmod": "-f -s -v --force --syslog --verbose",
    "rmmod": "-f -s -v --force --syslog --verbose",
    "lsmod": "-s -v --syslog --verbose",
}
VALUED: Final = {
    "modprobe": "-w --wait -C --config",
    "modinfo": "-F --field",
    "depmod": "-C --config -F --filesyms -E --symvers -P --symbol-prefix",
}
NAMES: Final = (
    *(
        *small.DEP,
        *small.ALIASES,
        *small.BUILTINS,
        "fs-ext4",
        "a-b",
        "nosuch",
        "pci:v1d2x",
        "symbol:fat_scan",
    ),
    *("a[b", "a]b", "x[1-2]", "loop.ko", "", "-", "a b", "a=b", "max_loop=8", 'v="a b"', "net-pf-1", "é"),
)
PATHS: Final = (
    *(
        "/",
        "./",
        "//",
        "/etc",
        "/etc/passwd",
        "/nosuch.ko",
        "./nosuch.ko",
        "dummy.ko",
        "./dummy.ko",
        "text.ko",
    ),
    *("conf", "conf/a.conf", "cut.ko.xz", "flip.ko.zst", "short.ko", "folder.ko", "./text.ko"),
)
VALUES: Final = (
    *("", "0", "1", "-1", "10", "0x1", "010", "1x", "abc", "conf", "conf/a.conf", "nosuch", "/dev/null"),
    *("license", "parm", "filename", "alias", "nosuch", "_", "__", "symvers", "System.map"),
)
WEIGHTS: Final = {"modprobe": 12, "modinfo": 4, "depmod": 2, "insmod": 2, "rmmod": 1, "lsmod": 1}


def line(number: int) -> tuple[str, list[str]]:
    """The tool and the words of the command line ``number``."""
    rng = random.Random(number)  # noqa: S311 -- the same lines each time
    (tool,) = rng.choices([*WEIGHTS], [*WEIGHTS.values()])
    words: list[str] = []
    for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4])):
        words += _option(rng, tool)
    operands = [*NAMES, *NAMES, *PATHS] if tool != "insmod" else [*PATHS, *NAMES]
    words += [rng.choice(operands) for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 3]))]
    if rng.random() < 0.3:
        rng.shuffle(words)
    if rng.random() < 0.05:
        words.insert(rng.randrange(len(words) + 1), "--")
    return tool, words


def _option(rng: random.Random, tool: str) -> list[str]:
    flags, valued = FLAGS[tool].split(), VALUED.get(tool, "").split()
    kind = rng.random()
    if valued and kind < 0.2:
        name, value = rng.choice(valued), rng.choice(VALUES)
        joined = f"{name}={value}" if name.startswith("--") else f"{name}{value}"
        return [joined] if rng.random() < 0.5 else [name, value]
    if kind < 0.85:
        name = rng.choice(flags)
        return [name[: rng.randint(4, len(name))] if name.startswith("--") and rng.random() < 0.3 else name]
    if kind < 0.93:
        return ["-" + "".join(rng.choice(flags)[1:2] for _ in range(3)).replace("-", "")]
    return [rng.choice(["-Z", "--nosuch", "--s", "--all=1", "-", "--", "-é"])]
