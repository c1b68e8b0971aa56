"""The kernel's errnos in kmod's texts, and advice."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pymodutils.errors import Refused
from pymodutils.kernel import refusals
from pymodutils.root import Root

ROOT_USER = "CapEff:\t000001ffffffffff\n"
NOBODY = "CapEff:\t0000000000000000\n"


def answer(code: int, reason: str = "") -> Refused:
    return Refused("made", reason or os.strerror(code), code)


@pytest.mark.parametrize(
    ("tool", "code", "text"),
    [
        (refusals.INSMOD, errno.ENOEXEC, "Invalid module format"),
        (refusals.INSMOD, errno.ENOENT, "Unknown symbol in module"),
        (refusals.INSMOD, errno.ESRCH, "Module has wrong symbol version"),
        (refusals.INSMOD, errno.EINVAL, "Invalid parameters"),
        (refusals.INSMOD, errno.EEXIST, "File exists"),
        (refusals.INSMOD, errno.ENOKEY, "Required key not available"),
        (refusals.INSMOD, errno.EKEYREJECTED, "Key was rejected by service"),
        (refusals.INSMOD, errno.ENOSYS, "Function not implemented"),
        (refusals.MODPROBE, errno.EEXIST, "Module already in kernel"),
        (refusals.MODPROBE, errno.ENOENT, "Unknown symbol in module, or unknown parameter (see dmesg)"),
        (refusals.MODPROBE, errno.EINVAL, "Invalid argument"),
        (refusals.MODPROBE, errno.ENOEXEC, "Exec format error"),
        (refusals.MODPROBE, errno.ESRCH, "No such process"),
    ],
)
def test_words(tool: dict[int, str], code: int, text: str) -> None:
    assert refusals.words(tool, code) == text


@pytest.mark.parametrize(
    ("files", "code", "advice"),
    [
        ({"proc/self/status": NOBODY}, errno.EPERM, "only root"),
        ({}, errno.EPERM, "only root"),
        (
            {"proc/self/status": ROOT_USER, "proc/sys/kernel/modules_disabled": "1\n"},
            errno.EPERM,
            "switched off",
        ),
        (
            {
                "proc/self/status": ROOT_USER,
                "proc/sys/kernel/modules_disabled": "0\n",
                "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
            },
            errno.EPERM,
            "locked down",
        ),
        (
            {
                "proc/self/status": ROOT_USER,
                "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
            },
            errno.EPERM,
            "dmesg",
        ),
        ({}, errno.ENOSYS, "no support for loadable modules"),
        ({}, errno.ENOKEY, "signed"),
        ({}, errno.ENOEXEC, "dmesg"),
        ({}, errno.EEXIST, ""),
    ],
)
def test_advice_for_loading(tmp_path: Path, files: dict[str, str], code: int, advice: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    said = refusals.advice(Root(str(tmp_path)), answer(code), loading=True)
    assert advice in said
    assert bool(said) is bool(advice)


def test_the_kernels_own_reason_is_passed_on() -> None:
    said = refusals.advice(Root(), answer(errno.ENOEXEC, "made: no flags"), loading=True)
    assert said == "the kernel's reason: made: no flags"


def test_the_kernel_logs_nothing_about_removals() -> None:
    assert not refusals.advice(Root(), answer(errno.ENOENT), loading=False)
