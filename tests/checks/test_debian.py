"""Debian's modules on Debian's kernels, and DKMS packages on kernels that they were not built for."""

from __future__ import annotations

from collections import Counter

import pytest

from pymodutils import NotFound, Report, Severity, check
from tests.checks.made import advice, errors
from tests.link.modules import trixie
from tests.oracles import dkms, kernels, trees
from tests.oracles.debian import unpacked

pytestmark = [pytest.mark.lane, pytest.mark.slow]


def rules(report: Report, kernel: str) -> Counter[str]:
    """The number of modules with an error of each rule."""
    found = [set(errors(verdict)) for verdict in report.verdicts if verdict.kernel == kernel]
    return Counter(rule for each in found for rule in each)


def test_every_module_of_a_tree_loads_into_its_own_kernel() -> None:
    kernel = kernels.kernel("amd64")
    report = check(str(kernel.modules), str(kernel.image))
    assert report.ok
    assert len(report.verdicts) == len(list(kernel.modules.rglob("*.ko"))) > 4000
    bites = {it.rule for verdict in report.verdicts for it in verdict.of(Severity.WARNING)}
    assert bites == {"taint"}  # by staging drivers


def test_a_tree_on_four_other_kernels() -> None:
    tree = trees.tree("cloud").modules
    images = {
        name: str(path)
        for name, path in {
            "cloud": kernels.kernel("cloud-amd64").image,
            "amd64": kernels.kernel("amd64").image,
            "arm64": kernels.kernel("arm64").image,
            "trixie": next((trixie() / "boot").glob("vmlinuz-*")),
            "uml": unpacked("user-mode-linux"),
        }.items()
    }
    report = check(str(tree), list(images.values()))
    count = len(list(tree.rglob("*.ko")))
    labels = dict(zip(images, (kernel.label for kernel in report.kernels), strict=True))
    found = {name: rules(report, label) for name, label in labels.items()}
    assert not found["cloud"]
    assert found["arm64"] == {"machine": count}
    assert found["amd64"]["crc"] == found["trixie"]["crc"] == count
    assert found["uml"]["vermagic"] == count
    fat = report.verdict("fat", labels["amd64"])
    assert "module_layout is among them: it is built for " in errors(fat)["crc"]
    assert advice(fat, "crc").endswith(f"; this build matches {labels['cloud']}")
    assert "SMP, preempt, modversions" in errors(report.verdict("fat", labels["uml"]))["vermagic"]


@pytest.mark.parametrize(
    "package", ["v4l2loopback-dkms", "dm-writeboost-dkms", "lime-forensics-dkms", "nat-rtsp-dkms"]
)
def test_a_dkms_package_on_its_kernel_and_on_others(package: str) -> None:
    own, other = kernels.kernel("amd64"), kernels.kernel("cloud-amd64")
    modules = [str(path) for path in dkms.built(package, "amd64").values()]
    report = check(modules, [str(own.image), str(other.image)])
    for verdict in report.verdicts:
        assert verdict.loads is (verdict.kernel == own.release)
        if not verdict.loads:
            assert f"it is built for {own.release}" in errors(verdict)["crc"]
            assert f"package linux-headers-{other.release}" in advice(verdict, "crc")
            assert advice(verdict, "crc").endswith(f"this build matches {own.release}")


def test_a_kernel_without_what_a_module_is_for() -> None:
    own, other = kernels.kernel("amd64"), kernels.kernel("cloud-amd64")
    path = dkms.built("v4l2loopback-dkms", "amd64")["v4l2loopback"]
    report = check(str(path), [str(own.image), str(other.image)])
    assert "videodev" in report.verdict("v4l2loopback", own.release).needed
    bad = report.verdict("v4l2loopback", other.release)
    assert f"that neither {other.release} nor any of its modules exports" in errors(bad)["unknown"]
    assert f"exported by videodev of {own.release}" in errors(bad)["unknown"]
    assert advice(bad, "unknown") == f"give videodev: --with DIR; {other.release} is built without it"


def test_an_array_parameter_with_too_many_values() -> None:
    kernel = kernels.kernel("cloud-amd64")
    [path] = kernel.modules.rglob("bonding.ko")
    values = {number: {"bonding": "arp_ip_target=" + ",".join("1" * number)} for number in (16, 17)}
    good, bad = (check(path, kernel.image, params=params).verdicts[0] for params in values.values())
    assert good.loads
    assert errors(bad) == {"parameter": "its parameter arp_ip_target accepts at most 16 values"}


def test_the_source_of_a_dkms_package_is_told_to_be_built() -> None:
    with pytest.raises(NotFound, match="dkms build -k RELEASE"):
        check(str(next((unpacked("dm-writeboost-dkms") / "usr/src").iterdir())), "running")
