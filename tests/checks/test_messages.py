"""Messages and advice for each kind of refusal."""

from __future__ import annotations

from errno import EINVAL, ENOENT, ENOEXEC

import pytest

from pymodutils import check
from pymodutils.checks.messages import MESSAGES
from pymodutils.checks.rules import Rule
from pymodutils.elf.ksymtab import Export
from pymodutils.kernel.emulated.load.causes import CauseKind
from tests.checks.made import Desk, advice, errors
from tests.kernel.emulated.modules import CODE, EXPORTS, MAGIC, SWITCHES, WRITE, description, module
from tests.link.objects import Part, Rel


def test_what_is_right_loads_and_has_no_errors(desk: Desk) -> None:
    verdict = desk.verdict(desk.module())
    assert (verdict.loads, verdict.errno, errors(verdict)) == (True, 0, {})


def test_which_words_of_vermagic_differ(desk: Desk) -> None:
    path = desk.module(magic="6.1.0-made SMP preempt mod_unload modversions ")
    verdict = desk.verdict(path)
    assert (verdict.errno, verdict.error) == (ENOEXEC, "ENOEXEC")
    assert errors(verdict) == {"vermagic": "the module is built with preempt, the kernel without"}
    assert advice(verdict, "vermagic") == "rebuild it against the headers of 6.1.0-made"


def test_another_release_where_symbols_have_no_versions(desk: Desk) -> None:
    kernel = desk.kernel(switches={**SWITCHES, "MODVERSIONS": False}, vermagic="6.1.0-made SMP mod_unload ")
    verdict = desk.verdict(desk.module(magic="6.5.3 SMP mod_unload "), kernel=kernel)
    assert errors(verdict) == {"vermagic": "it is built for 6.5.3, the kernel is 6.1.0-made"}


def test_changed_symbols_are_counted_beyond_the_first(desk: Desk) -> None:
    wrong = {"module_layout": 1, "_printk": 2}
    verdict = desk.verdict(desk.module(versions=wrong, imports=["_printk", "param_ops_int"]))
    assert verdict.log == ("made: disagrees about version of symbol module_layout",)
    text = errors(verdict)["crc"]
    assert text.startswith("2 of the 3 symbols it imports have different CRCs in this kernel: _printk (")
    assert "_printk: 0x00000002 in the module, 0x92997ed8 in the kernel" in text
    assert "module_layout is among them although the release is the same" in text


def test_a_kernel_that_fits_is_named(desk: Desk) -> None:
    other = {**EXPORTS, "_printk": EXPORTS["_printk"]._replace(crc=0x42)}
    changed = description()._replace(exports=other, release="6.1.1-made")
    kernel = desk.save("other", changed)
    report = desk.report(desk.module(versions={"_printk": 0x42}), kernel=desk.kernel())
    assert "this build" not in advice(report.verdicts[0], "crc")
    both = check([f"{desk.folder}/made.ko"], [desk.kernel(), kernel], cached=False)
    assert [verdict.loads for verdict in both.verdicts] == [False, True]
    assert advice(both.verdicts[0], "crc").endswith("; this build matches 6.1.1-made")


def test_unknown_symbols_and_the_kernel_that_has_them(desk: Desk) -> None:
    has = desk.save(
        "has",
        description()._replace(
            exports={**EXPORTS, "lost": Export(1, 7, gpl=False, namespace="")}, release="6.2.0-made"
        ),
    )
    report = check([desk.module(imports=["lost"], versions={"lost": 7})], [desk.kernel(), has], cached=False)
    bad, good = report.verdicts
    assert (bad.errno, good.errno) == (ENOENT, 0)
    assert errors(bad) == {
        "unknown": "it imports 1 symbol that neither 6.1.0-made nor any given module exports: lost; "
        "exported by 6.2.0-made"
    }
    assert "--with DIR" in advice(bad, "unknown")


def test_a_weak_symbol_is_not_missed(desk: Desk) -> None:
    path = desk.module(imports=["lost"], weak=["weakly"], versions={"lost": 7})
    assert "weakly" not in errors(desk.verdict(path))["unknown"]


def test_a_missing_import_of_a_namespace_and_the_line_that_adds_it(desk: Desk) -> None:
    verdict = desk.verdict(desk.module(imports=["in_space"]))
    assert verdict.errno == EINVAL
    assert errors(verdict) == {
        "namespace": "it uses 1 symbol of the namespace SPACE without importing it: in_space"
    }
    assert "MODULE_IMPORT_NS(SPACE);" in advice(verdict, "namespace")
    assert desk.verdict(desk.module(imports=["in_space"], info=["import_ns=SPACE"])).loads


def test_symbols_for_gpl_modules_only(desk: Desk) -> None:
    verdict = desk.verdict(desk.module(imports=["gpl_only"], licence="Proprietary"))
    text = "it uses 1 GPL-only symbol, but its licence is 'Proprietary': gpl_only"
    assert errors(verdict) == {"gpl-only": text}


@pytest.mark.parametrize(("number", "rule"), [(10, "relocation"), (99, "relocation")])
def test_what_cannot_be_linked(desk: Desk, number: int, rule: str) -> None:
    part = Part(".data.far", bytes(8), WRITE, align=8)
    relocs = {".data.far": [Rel(0, number, 2, 1 << 40)]}
    verdict = desk.verdict(desk.module(parts=[part], relocs=relocs))
    assert verdict.errno == ENOEXEC
    assert errors(verdict)[rule].startswith("a relocation cannot be applied: ")


def test_places_that_hold_something_already(desk: Desk) -> None:
    part = Part(".text.hot", b"\x90" * 8, CODE, align=8)
    verdict = desk.verdict(desk.module(parts=[part], relocs={".text.hot": [Rel(0, 2, 2, -4)]}))
    assert "Skipping invalid relocation target, existing value is nonzero" in verdict.log[0]
    assert errors(verdict)["relocation"].startswith("the file was modified after the build")
    assert "strip" in advice(verdict, "relocation")


def test_a_section_that_is_written_and_run(desk: Desk) -> None:
    verdict = desk.verdict(desk.module(parts=[Part(".both", bytes(8), CODE | WRITE, align=8)]))
    assert errors(verdict) == {
        "write-exec": "its section .both is writable and executable, which this kernel refuses"
    }


def test_exports_that_the_kernel_has(desk: Desk) -> None:
    verdict = desk.verdict(desk.module(exports=["gpl_only"]))
    assert errors(verdict)["duplicate"] == "it exports 1 symbol that the kernel already exports: gpl_only"


def test_a_live_patch_where_there_is_no_such_thing(desk: Desk) -> None:
    assert list(errors(desk.verdict(desk.module(info=["livepatch=Y"])))) == ["livepatch"]


def test_another_architecture_hides_everything_else(desk: Desk) -> None:
    path = desk.module(imports=["lost"])
    kernel = desk.kernel(machine=183, release="6.1.0-arm")
    assert errors(desk.verdict(path, kernel=kernel)) == {
        "machine": "it is built for x86_64, the kernel for aarch64"
    }


def test_a_damaged_file_is_the_kernels_matter(desk: Desk) -> None:
    whole = desk.module()
    with open(whole, "rb") as file:
        path = desk.file("half.ko", file.read()[:700])
    verdict = desk.verdict(path)
    assert not verdict.loads
    assert list(errors(verdict)) == ["other"]
    assert "damaged" in advice(verdict, "other")


def test_a_struct_module_of_another_size(desk: Desk) -> None:
    verdict = desk.verdict(desk.module(), kernel=desk.kernel(module_size=1000))
    assert errors(verdict)["struct-module"] == (
        "its struct module is 896 bytes, the kernel's is 1000: "
        "the kernel was configured differently from the headers of the build"
    )


def test_a_struct_module_of_another_release_says_so_and_the_vermagic_too(desk: Desk) -> None:
    switches = {**SWITCHES, "MODVERSIONS": False}
    kernel = desk.kernel(
        release="6.12.0-made", vermagic="6.12.0-made SMP mod_unload ", switches=switches, module_size=1000
    )
    verdict = desk.verdict(desk.module(magic="6.1.0-made SMP mod_unload "), kernel=kernel)
    releases = "it is built for 6.1.0-made, the kernel is 6.12.0-made"
    assert errors(verdict) == {
        "vermagic": releases,
        "struct-module": f"its struct module is 896 bytes, the kernel's is 1000: {releases}",
    }


@pytest.mark.parametrize("number", [42, 9])
def test_position_independent_code(desk: Desk, number: int) -> None:
    """As generated by gcc -fPIC: R_X86_64_REX_GOTPCRELX and R_X86_64_GOTPCREL."""
    part = Part(".text.pic", bytes(8), CODE, align=8)
    relocs = {".text.pic": [Rel(0, number, 2, -4)]}
    verdict = desk.verdict(desk.module(parts=[part], relocs=relocs))
    assert verdict.log[-1].endswith(f"Unknown rela relocation: {number}")
    assert errors(verdict)["relocation"].startswith("it contains position-independent code")
    assert advice(verdict, "relocation").startswith("compile it with -fno-pic")


def test_a_symbol_that_the_whole_kernel_does_not_export(desk: Desk) -> None:
    """If the kernel's own modules are known, the module must come from elsewhere."""
    path = desk.module(imports=["lost"], versions={"lost": 7})
    place = desk.folder / "system/lib/modules/6.1.0-made/kernel"
    place.mkdir(parents=True)
    (place / "other.ko").write_bytes(module("other"))
    (desk.folder / "system/boot").mkdir()
    verdict = desk.verdict(path, kernel=desk.kernel("system/boot/kernel"))
    assert errors(verdict)["unknown"] == (
        "it imports 1 symbol that neither 6.1.0-made nor any of its modules exports: lost"
    )
    assert advice(verdict, "unknown").startswith("use another interface, or give the exporting module")


def test_a_module_is_listed_once(desk: Desk) -> None:
    path = desk.module()
    link = desk.folder / "link.ko"
    link.symlink_to(path)
    report = desk.report(path, f"{desk.folder}/./made.ko", str(link), str(desk.folder))
    assert [it.path for it in report.verdicts] == [path]


def test_every_kind_has_words_and_every_rule_a_sentence() -> None:
    assert {*MESSAGES, CauseKind.NO_PARAMETER, CauseKind.PERMISSIONS} == set(
        CauseKind
    )  # which refuse nothing
    assert {*map(str, MESSAGES)} <= set(Rule)
    assert MAGIC.endswith(" ")
