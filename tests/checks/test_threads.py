"""Questions from public threads, each answered by one call."""

from __future__ import annotations

from pymodutils import check
from pymodutils.kernel.description import Description
from tests.checks.made import Desk, advice, errors, warnings
from tests.kernel.emulated.modules import CODE, EXPORTS, LAYOUT_CRC, SWITCHES, description
from tests.link.objects import Part, Rel

LAYOUTS = {"6.1.0-a": LAYOUT_CRC, "6.1.0-b": 0x0B, "6.2.0-c": 0x0C}


def release(name: str, layout: int = LAYOUT_CRC, suffix: str = "SMP mod_unload modversions ") -> Description:
    exports = {**EXPORTS, "module_layout": EXPORTS["module_layout"]._replace(crc=layout)}
    return description()._replace(release=name, vermagic=f"{name} {suffix}", exports=exports)


def test_dkms_121_existing_value_is_nonzero(desk: Desk) -> None:
    """The installed file was stripped by another binutils: relocation targets are already filled in."""
    part = Part(".text.hot", b"\x90" * 8, CODE, align=8)
    verdict = desk.verdict(desk.module(parts=[part], relocs={".text.hot": [Rel(0, 2, 2, -4)]}))
    assert verdict.error == "ENOEXEC"
    assert errors(verdict)["relocation"].startswith("the file was modified after the build")
    assert "(--strip-debug)" in advice(verdict, "relocation")


def test_dkms_505_and_554_the_right_release_and_the_wrong_layout(desk: Desk) -> None:
    """Built against other headers than those of the running kernel."""
    path = desk.module(magic="6.1.0-a SMP mod_unload modversions ")
    verdict = desk.verdict(path, kernel=desk.save("k", release("6.1.0-a", layout=0x99)))
    assert verdict.log == ("made: disagrees about version of symbol module_layout",)
    assert errors(verdict)["crc"].endswith(
        "module_layout is among them although the release is the same: "
        "the kernel was configured or patched differently from the headers of the build"
    )


def test_aes_stream_drivers_305_one_stale_module_for_three_kernels(desk: Desk) -> None:
    path = desk.module(magic="6.1.0-a SMP mod_unload modversions ")
    kernels = [desk.save(name, release(name, layout)) for name, layout in LAYOUTS.items()]
    report = check(path, kernels, cached=False)
    assert [verdict.loads for verdict in report.verdicts] == [True, False, False]
    for verdict in report.failures:
        assert errors(verdict)["crc"].endswith("module_layout is among them: it is built for 6.1.0-a")
        assert advice(verdict, "crc") == (
            f"rebuild it against the headers of {verdict.kernel}; this build matches 6.1.0-a"
        )


def test_bpi_router_175_vermagic_with_another_suffix(desk: Desk) -> None:
    kernel = release("6.1.0-bpi-r4-main", suffix="SMP mod_unload ")
    kernel = kernel._replace(switches={**SWITCHES, "MODVERSIONS": False})
    path = desk.module(magic="6.1.0-bpi-r4 SMP mod_unload ")
    verdict = desk.verdict(path, kernel=desk.save("k", kernel))
    assert errors(verdict)["vermagic"] == (
        "it is built for 6.1.0-bpi-r4, the kernel is 6.1.0-bpi-r4-main: "
        "the same 6.1.0 with a different suffix (CONFIG_LOCALVERSION, or a modified git tree)"
    )


def test_mt7927_101_a_wrong_format_that_was_taken_for_a_signing_error(desk: Desk) -> None:
    kernel = release("6.2.0-c", 0x0C)._replace(switches={**SWITCHES, "MODULE_SIG": True})
    verdict = desk.verdict(desk.module(), kernel=desk.save("k", kernel))
    assert (verdict.error, list(errors(verdict))) == ("ENOEXEC", ["crc"])
    assert warnings(verdict)["unsigned"].startswith("the missing signature is not the reason")


def test_clang_built_linux_218_loading_works_without_booting(desk: Desk) -> None:
    """As in the CI of a compiler: everything built links and loads."""
    exporter = desk.module("exporter", exports=["given"])
    user = desk.module("user", imports=["given"], versions={"given": 0x100})
    report = desk.report(exporter, user)
    assert report.ok
    assert report.verdict("user").needed == ("exporter",)
