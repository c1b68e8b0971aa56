"""Evidence in the strings of a kernel: release, vermagic, configuration.

A message compiled in by one option only proves that option; its absence proves nothing, because other
releases may word it differently.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pymodutils.elf import compress

BANNER: Final = re.compile(
    rb"Linux version (\d[^ \0\n]*) \([^\0\n]*\) (#\d[^\0\n]*)\n"
)  # not the weak symbol's: "# SMP"
SHORT: Final = re.compile(rb"Linux version (\d[^ \0\n]*) ")
VERMAGIC: Final = rb"%s (?:[!-~]+ )*[!-~]*(?=\0)"
IKCONFIG: Final = re.compile(rb"IKCFG_ST(\x1f\x8b.*?)IKCFG_ED", re.DOTALL)
CONFIG_LIMIT: Final = 4 << 20  # bytes of a .config
FLAGS: Final = {  # words of vermagic; include/linux/vermagic.h
    "SMP": "SMP",
    "mod_unload": "MODULE_UNLOAD",
    "modversions": "MODVERSIONS",
    "preempt_rt": "PREEMPT_RT",
}
MESSAGES: Final = (  # (text, switch, its value if the text is present)
    (b"module verification failed: signature and/or required key missing", "MODULE_SIG", True),
    (b"%s: %s: kernel tainted.\n", "MODULE_FORCE_LOAD", True),
    (b"livepatch module, but livepatch support is disabled", "LIVEPATCH", False),
    (b"tainting kernel with TAINT_LIVEPATCH", "LIVEPATCH", True),
    (b"loading module not compiled with retpoline compiler", "RETPOLINE", True),
    (b"section %s (index %d) has invalid WRITE|EXEC flags", "STRICT_MODULE_RWX", True),
    (b"not a gzip compressed module", "MODULE_COMPRESS_GZIP", True),
    (b"not an xz compressed module", "MODULE_COMPRESS_XZ", True),
    (b"has both .ctors and .init_array", "CONSTRUCTORS", True),
)
DECOMPRESSES: Final = ("MODULE_COMPRESS_GZIP", "MODULE_COMPRESS_XZ")  # texts of MODULE_DECOMPRESS only
GENERATIONS: Final = (  # (text, the first release whose loader has it), newest first
    (b"no flags for exported symbols", "7.0"),
    (b"tries to import module namespace", "6.16"),
    (b"more extended version crcs than names", "6.14"),
    (b"symbol name out of bounds in string table", "6.12"),
    (b"Only one .modinfo section must exist", "6.3"),
)


class Evidence(NamedTuple):
    """The properties found; None if not found."""

    release: str | None
    version: str | None  # "#1 SMP ...", of the banner
    banner: str | None  # the whole of it
    vermagic: str | None
    config: str | None  # the .config built in by CONFIG_IKCONFIG
    switches: dict[str, bool]
    generation: str | None


def gather(data: bytes) -> Evidence:
    """Properties of the kernel ``data`` found in its strings."""
    banner = BANNER.search(data) or SHORT.search(data)
    release = banner[1] if banner else None
    vermagic = _vermagic(data, release) if release else None
    switches = {switch: value for text, switch, value in MESSAGES if text in data}
    if any(switch in switches for switch in DECOMPRESSES):
        switches["MODULE_DECOMPRESS"] = True
    return Evidence(
        release=_text(release),
        version=_text(banner[2]) if banner and banner.re is BANNER else None,
        banner=_text(banner[0].rstrip(b"\n")) if banner and banner.re is BANNER else None,
        vermagic=vermagic,
        config=_config(data),
        switches=switches | (of_vermagic(vermagic) if vermagic else {}),
        generation=next((name for text, name in GENERATIONS if text in data), None),
    )


def of_vermagic(vermagic: str) -> dict[str, bool]:
    """The options implied by words of ``vermagic``, each present if and only if the option is on.

    Exception: "preempt" hides "preempt_rt"; from 6.12 on, a real-time kernel may have both options.
    """
    words = vermagic.split(" ")[1:]
    hidden = "preempt_rt" if "preempt" in words else ""
    return {switch: word in words for word, switch in FLAGS.items() if word != hidden}


def _vermagic(data: bytes, release: bytes) -> str | None:
    """The only string that consists of the release and words, each followed by a space."""
    matches = re.finditer(VERMAGIC % re.escape(release), data)
    found = {match[0] for match in matches if data[match.start() - 1 : match.start()] == b"\0"}
    return _text(found.pop()) if len(found) == 1 else None


def _config(data: bytes) -> str | None:
    packed = IKCONFIG.search(data)
    if packed is None:
        return None
    stream, damage = compress.decompressor("gzip")
    try:
        return _text(stream.decompress(memoryview(packed[1]), CONFIG_LIMIT))
    except damage:
        return None


def _text(found: bytes | None) -> str | None:
    return None if found is None else found.decode("utf-8", "surrogateescape")
