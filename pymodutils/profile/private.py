"""Remove personal data: addresses, identifiers, names of people and hosts.

Of the command line, only module parameters are kept; values that look personal are hidden.
"""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "(hidden)"
PERSONAL: Final = re.compile(
    r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}[:-]){5,}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])"  # MAC, InfiniBand, serial
    r"|[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"  # UUID
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"  # IPv4
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4})?(?:::[0-9A-Fa-f]{1,4})?(?![\w:])"  # IPv6
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # mail
    r"|(?<=/home/)[^/\s\"']+"
)
WORDS: Final = ("lockdown", "nomodule", "nomodeset", "fips", "mitigations", "module_blacklist")
FOREIGN: Final = ("rd", "systemd", "luks", "ip", "netconsole", "dracut", "vt")  # dotted, but not a module's


def hidden(text: str, host: str = "") -> str:
    """``text`` without personal data; ``host`` is the machine's name."""
    text = PERSONAL.sub(HIDDEN, text)
    if host and host != "localhost":
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(host)}(?![A-Za-z0-9])", HIDDEN, text)
    return text


def cmdline(text: str, host: str = "") -> str:
    """The words of the kernel command line ``text`` about modules; those after ``--`` are for init."""
    kept = []
    for word in text.partition(" -- ")[0].split():
        name = word.partition("=")[0]
        module, dot, _ = name.partition(".")
        if name in WORDS or (dot and module not in FOREIGN):
            kept.append(hidden(word, host))
    return " ".join(kept)
