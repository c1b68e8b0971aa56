"""Warnings for modules that load, and refusals for reasons other than symbols."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from pymodutils import check
from pymodutils.arch.x86 import X86_64
from pymodutils.checks.candidate import Candidate
from pymodutils.checks.warnings import ALWAYS
from pymodutils.elf.constants import SHF_ALLOC
from pymodutils.kernel import saved
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind
from tests.checks.made import Desk, advice, errors, warnings
from tests.kernel.emulated.modules import description
from tests.link.objects import Part, Sym, make

if TYPE_CHECKING:
    from pymodutils.checks.context import Context


def tree(desk: Desk, *, builtin: str = "", **modules: bytes) -> str:
    """The folder of an image: a kernel with its modules as on an installed system."""
    top = desk.folder / "system"
    place = top / "lib/modules/6.1.0-made"
    (place / "kernel").mkdir(parents=True)
    (top / "boot").mkdir()
    for name, data in modules.items():
        (place / f"kernel/{name}.ko").write_bytes(data)
    (place / "modules.builtin").write_text(builtin)
    (top / "boot/kernel.json").write_text(saved.dumps(description()))
    return str(top / "boot/kernel.json")


def data(desk: Desk, name: str, **how: object) -> bytes:
    return Path(desk.module(name, **how)).read_bytes()


def test_taints(desk: Desk) -> None:
    found = warnings(desk.verdict(desk.module(licence="Proprietary", info=["staging=Y"])))
    assert found["taint"] == "it taints the kernel (C): a staging driver was loaded"
    letters = {
        it.subject: it.severity.value
        for it in desk.verdict(desk.module(licence="Proprietary")).findings
        if it.rule == "taint"
    }
    assert letters == {"P": "warning"}


def test_missing_firmware(desk: Desk) -> None:
    folder = desk.folder / "firmware"
    (folder / "there").mkdir(parents=True)
    (folder / "there/a.bin.xz").touch()
    path = desk.module(info=["firmware=there/a.bin", "firmware=gone/b.bin"])
    verdict = desk.verdict(path, firmware=str(folder))
    assert warnings(verdict)["firmware"] == "1 of its 2 firmware files is missing: gone/b.bin"
    assert "firmware" not in warnings(desk.verdict(path))


def test_parameters_that_are_not_there(desk: Desk) -> None:
    verdict = desk.verdict(desk.module(), params={"made": "speed=3"})
    assert verdict.loads
    assert warnings(verdict)["no-parameter"] == "it has no parameter speed: the kernel ignores it"


def test_an_alias_that_a_module_of_the_kernel_claims(desk: Desk) -> None:
    other = data(desk, "other", info=["alias=pci:v1d2"])
    kernel = tree(desk, other=other)
    verdict = desk.verdict(desk.module(info=["alias=pci:v1d2"]), kernel=kernel)
    assert warnings(verdict)["alias"] == "the kernel's module other shares 1 of its aliases: pci:v1d2"


def test_a_name_that_is_built_in_or_taken(desk: Desk) -> None:
    kernel = tree(desk, builtin="kernel/drivers/made.ko\n", other=data(desk, "other"))
    found = warnings(desk.verdict(desk.module(), kernel=kernel))
    assert found["builtin"] == "made is built into 6.1.0-made: modprobe never loads this one"
    mine = data(desk, "other", info=["description=mine"])
    found = warnings(desk.verdict(desk.file("mine/other.ko", mine), kernel=kernel))
    assert found["replaces"] == "the kernel has its own module other"


def test_soft_dependencies_that_lead_nowhere(desk: Desk) -> None:
    kernel = tree(desk, other=data(desk, "other"))
    verdict = desk.verdict(desk.module(info=["softdep=pre: other nosuch"]), kernel=kernel)
    assert warnings(verdict)["softdep"] == "1 of its soft dependencies cannot be resolved: nosuch"


def test_what_it_does_not_say_of_itself(desk: Desk) -> None:
    found = [it.subject for it in desk.verdict(desk.module()).findings if it.rule == "modinfo"]
    assert found == []  # it says that it is of the kernel's own tree
    path = Path(desk.module())
    path.write_bytes(path.read_bytes().replace(b"intree=Y", b"outtree="))
    found = [it.subject for it in desk.verdict(str(path)).findings if it.rule == "modinfo"]
    assert found == ["description"]


def test_exports_of_another_module_at_hand(desk: Desk) -> None:
    first = desk.module("first", exports=["shared"])
    second = desk.module("second", exports=["shared"])
    verdict = desk.verdict(second, more=[first])
    assert verdict.loads
    assert "collision" not in warnings(verdict)  # it comes first itself
    assert warnings(desk.report(first, second).verdicts[1])["collision"] == (
        "first also exports 1 of its symbols: shared"
    )


def test_collisions_name_symbols_and_no_namespaces(desk: Desk) -> None:
    """Without CRCs, __ksymtab_strings contains both, and depmod considers both symbols."""
    names = Part("__ksymtab_strings", b"shared\0SPACE\0", SHF_ALLOC)
    sections = [Part(".modinfo", b"license=GPL\0name=first\0", SHF_ALLOC), names]
    symbols = [Sym("shared", 0, 2), Sym("__ksymtab_shared", 0, 2)]
    assert Candidate.read(desk.file("first.ko", make(X86_64, sections, symbols, {}))).exports == [b"shared"]


def test_needed_modules_come_first_from_wherever_they_are(desk: Desk) -> None:
    exporter = desk.module("exporter", exports=["given"])
    user = desk.module("user", imports=["given"], versions={"given": 0x100})
    assert errors(desk.verdict(user))["unknown"].endswith(": given")
    assert desk.verdict(user, more=[exporter]).needed == ("exporter",)
    assert desk.report(user, exporter).ok
    kernel = tree(desk, exporter=Path(exporter).read_bytes())
    assert check(user, kernel, cached=False).verdicts[0].needed == ("exporter",)


def test_a_needed_module_that_does_not_load(desk: Desk) -> None:
    exporter = desk.module("exporter", exports=["given"], versions={"module_layout": 1})
    user = desk.module("user", imports=["given"], versions={"given": 0x100})
    verdict = desk.verdict(user, more=[exporter])
    assert errors(verdict) == {
        "needs": "it depends on exporter, which this kernel refuses: "
        "exporter: disagrees about version of symbol module_layout"
    }
    assert advice(verdict, "needs") == "fix exporter first"


def test_a_module_that_can_do_without_what_it_needs(desk: Desk) -> None:
    exporter = desk.module("exporter", exports=["given"], versions={"module_layout": 1})
    verdict = desk.verdict(desk.module("user", weak=["given"]), more=[exporter])
    assert verdict.loads
    assert errors(verdict) == {}
    assert warnings(verdict)["needs"].endswith("it loads without it, because it imports only weak symbols")


def test_a_needed_module_that_was_built_anew(desk: Desk) -> None:
    exporter = desk.module("exporter", exports=["given"])
    user = desk.module("user", imports=["given"], versions={"given": 0x999})
    verdict = desk.verdict(user, more=[exporter])
    assert "in exporter" in errors(verdict)["crc"]
    assert "exported by exporter" in errors(verdict)["crc"]
    assert "Module.symvers of exporter" in advice(verdict, "crc")


def test_each_pair_finds_a_fresh_kernel(desk: Desk) -> None:
    first = desk.module("first", licence="Proprietary")
    report = desk.report(first, desk.file("copy/first.ko", Path(first).read_bytes()))
    assert [it.errno for it in report.verdicts] == [0, 0]
    assert [len(it.log) for it in report.verdicts] == [2, 2]


def test_signing_is_ruled_out_only_where_it_is_suspected(desk: Desk) -> None:
    """Only for ENOEXEC, printed as an invalid format, if the log mentions verification."""
    kernel = desk.kernel(switches={**description().switches, "MODULE_SIG": True})
    crc = desk.verdict(desk.module("crc", versions={"module_layout": 1}), kernel=kernel)
    assert "is not the reason for the refusal" in warnings(crc)["unsigned"]
    lost = desk.verdict(desk.module("lost", imports=["lost"], versions={"lost": 1}), kernel=kernel)
    logged = any("module verification failed" in line for line in lost.log)
    assert ("unsigned" in warnings(lost)) is logged
    arm = desk.kernel("arm", machine=183, switches={**description().switches, "MODULE_SIG": True})
    assert "unsigned" not in warnings(desk.verdict(desk.module("foreign"), kernel=arm))


def test_inherited_taint_is_named(desk: Desk) -> None:
    closed = desk.module("closed", licence="Proprietary", exports=["given"])
    user = desk.module("user", imports=["given"], versions={"given": 0x100})
    found = warnings(desk.verdict(user, more=[closed]))
    assert found["taint"].startswith("it taints the kernel (P): ")
    assert found["taint"].endswith(", inherited from closed")


def test_permissions_that_no_file_may_have() -> None:
    cause = Cause(CauseKind.PERMISSIONS, "debug", found="0755", expected="0644", passes=True)
    context = cast("Context", SimpleNamespace(trial=SimpleNamespace(causes=[cause])))
    (found,) = ALWAYS[1](context)
    assert (found.rule, found.subject) == ("permissions", "debug")
    assert found.message == (
        "parameter debug has permissions 0755: the kernel warns, taints itself and makes it 0644"
    )
