"""Outcomes of loading a module, here and in QEMU, and their comparison."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pymodutils.names import of_path
from tests.lanes.guest.inits import NO_RETURN
from tests.lanes.verdicts.normal import DUMP, NOISE

OWN = re.compile(r"(rdinit|init|loglevel)=")  # words of the machine that are about no devices
MEASURED = re.compile(
    r"0x[0-9a-f]+|\(____ptrval____\)|\b[0-9a-f]{16}\b|\d+(\.\d+)? ?(MHz|MB/s|KB|usecs?|ns|ms|cycles|seconds)|, depth.*$|\binput\d+$"
)
BOOT_NOISE = re.compile(
    r"speculation|taints kernel|module verification failed"
    r"|regulatory\.db|firmware_class: See"  # work that cfg80211 queues
)
MODEL = "the processor's model"
OTHER_RESULT = {  # modules that end in another way, and why
    "pata_legacy": "ISA ports: QEMU has a disk controller there",
    "test_user_copy": "the machine has no user memory",
    "speakup_spkout": "QEMU's console occupies the serial port",
}
OTHER_LOG = {  # modules whose lines differ
    "parport_pc": "QEMU has a parallel port",
    "xor": "the fastest way that it measures",
    "raid6_pq": "the fastest way that it measures",
    "powernow_k8": MODEL,
    "intel_rapl_common": MODEL,
    "intel_rapl_msr": MODEL,
    "int3401_thermal": MODEL,
    "processor_thermal_device": MODEL,
    "processor_thermal_device_pci": MODEL,
    "processor_thermal_device_pci_legacy": MODEL,
    "processor_thermal_rapl": MODEL,
}


class Outcome(NamedTuple):
    """The outcome of a load: the errno (0: success) of the file ``at``, the last one."""

    at: str
    errno: int
    log: tuple[str, ...]


def lines(log: Sequence[str]) -> tuple[str, ...]:
    """Lines that a module of the kernel can cause, without measurements."""
    lines = [
        line.rstrip("\n") for line in log if line.strip() and not (DUMP.match(line) or NOISE.match(line))
    ]
    return tuple(MEASURED.sub("N", line) for line in lines if not BOOT_NOISE.search(line))


def difference(own: Outcome, its: Outcome) -> str:
    """What differs between an outcome here and in QEMU, if anything does; the log of an oops does not count."""
    if _result(own) != _result(its):
        return f"{of_path(own.at)}: {own.errno} here, {of_path(its.at)}: {its.errno} in QEMU {its.log}"
    if own.log != its.log and own.errno != NO_RETURN:
        return f"logs {own.log} here, {its.log} in QEMU"
    return ""


def reason(module: str, own: Outcome, its: Outcome) -> str:
    """Why what differs about ``module`` stays; "" if that is not known."""
    return (OTHER_LOG if _result(own) == _result(its) else OTHER_RESULT).get(module, "")


def _result(outcome: Outcome) -> tuple[str, int]:
    return outcome.at, outcome.errno
