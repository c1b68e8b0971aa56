"""kmod 30 (Debian 12) and kmod 34 (Debian 13), run from where they are unpacked.

Each runs with the dynamic loader and C library of its own release, so neither has to be installed.
"""

from __future__ import annotations

from tests.oracles import loader

LIBRARIES = {
    "bookworm": ("libkmod2", "libssl3", "libzstd1", "liblzma5"),
    "trixie": ("libkmod2", "libssl3t64", "libzstd1", "liblzma5", "zlib1g"),
}


def kmod30(tool: str) -> list[str]:
    """The command words that run ``tool`` (depmod, modprobe, ...) of kmod 30: ZSTD and XZ, no ZLIB."""
    return _kmod(tool, "bookworm")


def kmod34(tool: str) -> list[str]:
    """The command words that run ``tool`` (depmod, modprobe, ...) of kmod 34: ZSTD and XZ, no ZLIB."""
    return _kmod(tool, "trixie")


def _kmod(tool: str, suite: str) -> list[str]:
    return loader.words(suite, "kmod", "kmod", LIBRARIES[suite], called=tool)
