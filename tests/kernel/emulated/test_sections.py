"""Sections that the loader looks for by name; messages and errnos of kernel/module/main.c and version.c."""

from __future__ import annotations

from errno import EINVAL, ENOEXEC
from struct import pack

import pytest

from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.errors import Refused
from pymodutils.kernel.emulated.kernel import EmulatedKernel
from tests.kernel.emulated.modules import EXPORTS, LAYOUT_CRC, MAGIC, WRITE, description, kernel, module
from tests.link.objects import Part

CTORS, INIT_ARRAY = (Part(name, bytes(8), WRITE, align=8) for name in (".ctors", ".init_array"))


def told(booted: EmulatedKernel, image: bytes) -> tuple[int, list[str]]:
    """The errno of a load, and the log from level 4 down."""
    before, errno = len(booted.log()), 0
    try:
        booted.init_module(image)
    except Refused as refused:
        errno = refused.errno
    return errno, [line.text for line in booted.log(before) if line.level <= 4]


@pytest.mark.parametrize(
    ("on", "parts", "errno"),
    [
        (True, [CTORS, INIT_ARRAY], EINVAL),
        (True, [CTORS], 0),
        (True, [INIT_ARRAY], 0),
        (True, [], 0),
        (False, [CTORS, INIT_ARRAY], 0),
    ],
)
def test_constructors_are_in_one_section(on: bool, parts: list[Part], errno: int) -> None:
    log = ["made: has both .ctors and .init_array."] if errno else []
    assert told(kernel(CONSTRUCTORS=on), module(parts=parts)) == (errno, log)


def test_obsolete_parameters_are_ignored() -> None:
    parts = [Part("__obsparm", bytes(8), SHF_ALLOC)]
    assert told(kernel(), module(parts=parts)) == (0, ["made: Ignoring obsolete parameters"])


OLDER = MAGIC.replace("6.1.0-made", "5.9.0")


@pytest.mark.parametrize(
    ("modversions", "magic", "versions", "errno"),
    [
        (True, OLDER, True, 0),  # CRCs decide
        (True, OLDER, False, ENOEXEC),
        (False, OLDER, True, ENOEXEC),
        (False, MAGIC, True, 0),
        (True, "6.1.0-made", True, ENOEXEC),
        (True, "", True, ENOEXEC),
    ],
)
def test_the_release_counts_unless_crcs_do(modversions: bool, magic: str, versions: bool, errno: int) -> None:
    """Without __versions, symbols are not checked, which has to be forced: MODULE_FORCE_LOAD is on."""
    image = module(magic=magic)
    if not versions:
        image = image.replace(b"\0__versions\0", b"\0__versionx\0")
    found, log = told(kernel(MODVERSIONS=modversions), image)
    assert found == errno
    assert (f"made: version magic '{magic}' should be '{MAGIC}'" in log) == bool(errno)


def extended(crcs: list[int] | None, names: list[str] | None) -> list[Part]:
    """The sections of CONFIG_EXTENDED_MODVERSIONS."""
    found = []
    if crcs is not None:
        found.append(Part("__version_ext_crcs", pack(f"<{len(crcs)}I", *crcs), SHF_ALLOC, align=4))
    if names is not None:
        found.append(Part("__version_ext_names", "".join(f"{it}\0" for it in names).encode(), SHF_ALLOC))
    return found


PRINTK = EXPORTS["_printk"].crc or 0
RIGHT, NAMES = [LAYOUT_CRC, PRINTK], ["module_layout", "_printk"]
ABSENT, FEWER = "extended version crc+name presence does not match", "more extended version crcs than names"


@pytest.mark.parametrize(
    ("crcs", "names", "errno", "text"),
    [
        (RIGHT, NAMES, 0, ""),
        (RIGHT, [*NAMES, "more"], 0, ""),
        (RIGHT, None, ENOEXEC, ABSENT),
        (None, NAMES, ENOEXEC, ABSENT),
        (RIGHT, NAMES[:1], ENOEXEC, FEWER),
        ([LAYOUT_CRC, 5], NAMES, EINVAL, "made: disagrees about version of symbol _printk"),
        ([5, PRINTK], NAMES, ENOEXEC, "made: disagrees about version of symbol module_layout"),
        ([LAYOUT_CRC], NAMES[:1], EINVAL, "made: no symbol version for _printk"),
    ],
)
def test_extended_versions(crcs: list[int] | None, names: list[str] | None, errno: int, text: str) -> None:
    booted = EmulatedKernel.boot(description()._replace(release="7.2.0-made", vermagic=MAGIC))
    parts = extended(crcs, names)
    found, log = told(booted, module(parts=parts).replace(b"\0__versions\0", b"\0__versionx\0"))
    assert (found, log[:1]) == (errno, [text] if text else [])


def test_extended_versions_are_unknown_before_6_14() -> None:
    assert told(kernel(), module(parts=extended(RIGHT, None))) == (0, [])
