"""Words of the kernel command line, compared with Debian's 6.1 and 7.2."""

from __future__ import annotations

import pytest

from pymodutils.kernel.emulated.bootwords import BootWords


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ('module_blacklist="plain,exporter"', ["plain", "exporter"]),
        ('"module_blacklist=plain exporter"', ["plain exporter"]),
        ("module-blacklist=plain", ["plain"]),
        ("Module_blacklist=plain", []),
        ("module_blacklist=plain -- module_blacklist=exporter", ["plain"]),
        ("-- module_blacklist=plain", []),
        ("module_blacklist=plain module_blacklist=", []),
        ("module_blacklist=plain module_blacklist", ["plain"]),
        ("=module_blacklist=plain", []),
    ],
)
def test_module_blacklist(line: str, names: list[str]) -> None:
    assert BootWords(line).blacklist() == names


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("lockdown=integrity lockdown=none", 1),
        ("lockdown=confidentiality lockdown=integrity", 2),
        ("lockdown", 0),
        ('"lockdown=integrity"', 1),
        ("lockdown=integrity-x", 0),
        ("-- lockdown=integrity", 0),
    ],
)
def test_lockdown_only_gets_stricter(line: str, level: int) -> None:
    assert BootWords(line).lockdown() == level


@pytest.mark.parametrize(
    ("line", "enforced"),
    [
        ("module.sig_enforce=1 module.sig_enforce=0", True),
        ("module.sig_enforce=0 module.sig-enforce", True),
        ("module.sig_enforce=o", False),
        ("module.sig_enforce=2", False),
        ("sig_enforce=1", False),
    ],
)
def test_sig_enforce_only_gets_stricter(line: str, enforced: bool) -> None:
    assert BootWords(line).sig_enforce() is enforced


def test_enable_is_a_bool_of_later_kernels() -> None:
    assert not BootWords("module.sig_enforce=enable").sig_enforce()
    assert BootWords("module.sig_enforce=enable", enabled=True).sig_enforce()


@pytest.mark.parametrize(
    ("line", "disabled"),
    [
        ("nomodule", True),
        ("nomodule=0", False),
        ("nomodule nomodule=n", False),
        ("nomodule=x", False),
        ("nomodule -- nomodule=0", True),
    ],
)
def test_nomodule_is_a_bool(line: str, disabled: bool) -> None:
    assert BootWords(line).modules_disabled() is disabled


def test_sysctls_are_written_in_order() -> None:
    line = (
        'sysctl.kernel.tainted=1 sysctl/kernel/x="2 3" sysctl-kernel.x=4 sysctl.kernel.y -- sysctl.kernel.z=5'
    )
    assert list(BootWords(line).sysctls()) == [("kernel.tainted", b"1"), ("kernel/x", b"2 3")]
