"""Rules that need more than one fault in the file: parameters, names, namespaces, many files."""

from __future__ import annotations

from errno import EINVAL, ENOENT
from pathlib import Path
from struct import pack

import pytest

from pymodutils import parallel
from pymodutils.checks import candidate, verdict
from pymodutils.checks.formats import github
from tests.checks.made import Desk, advice, errors, warnings
from tests.kernel.emulated.modules import ABSOLUTE, EXPORTS, SWITCHES, WRITE
from tests.link.objects import Part, Rel

PARAM, SPEED, OPS = 6, 7, 3  # symbols of the module below


def with_parameter(desk: Desk) -> str:
    """A module with the parameter speed, an int, as module_param() makes it."""
    parts = [
        Part("__param", pack("<QQQHbBxxxxQ", 0, 0, 0, 0o644, -1, 0, 0), WRITE, align=8),
        Part(".data.speed", b"speed\0\0\0" + bytes(4), WRITE, align=8),
    ]
    relocs = {"__param": [Rel(0, ABSOLUTE, SPEED), Rel(16, ABSOLUTE, OPS), Rel(32, ABSOLUTE, SPEED, 8)]}
    imports = ["_printk", "param_ops_int"]
    return desk.module(parts=parts, relocs=relocs, imports=imports, info=["parmtype=speed:int"])


@pytest.mark.parametrize("value", ["x", "", "1x", "4294967296"])
def test_a_value_that_a_parameter_does_not_accept(desk: Desk, value: str) -> None:
    found = desk.verdict(with_parameter(desk), params={"made": f"speed={value}"})
    assert found.errno in (EINVAL, 34)  # ERANGE
    assert errors(found) == {"parameter": f"its parameter speed does not accept {value!r}: its type is int"}
    assert advice(found, "parameter") == "see its parameters: modinfo -p made"


def test_a_value_that_it_accepts_and_a_parameter_that_it_lacks(desk: Desk) -> None:
    found = desk.verdict(with_parameter(desk), params={"made": "speed=-1 power=2"})
    assert found.loads
    assert warnings(found)["no-parameter"] == "it has no parameter power: the kernel ignores it"
    assert advice(found, "no-parameter") == "omit it: its parameters are speed"
    found = desk.verdict(desk.module("other"), params={"other": "power=2"})
    assert advice(found, "no-parameter") == "omit it: it has no parameters"


def test_the_name_of_a_module_in_sysfs_is_taken(desk: Desk) -> None:
    found = desk.verdict(desk.module(), kernel=desk.kernel(builtins=("made", "others")))
    assert errors(found) == {"builtin": "made is built into the kernel, so no module can have that name"}
    assert advice(found, "builtin").startswith("use the module that is built into 6.1.0-made, or rename")
    assert desk.verdict(desk.module(), kernel=desk.kernel(builtins=("others",))).loads


def test_a_namespace_for_listed_modules(desk: Desk) -> None:
    """Since 6.16, MODULE_IMPORT_NS("module:...") is refused."""
    kernel = desk.kernel(release="6.16.0-made")
    found = desk.verdict(desk.module(info=["import_ns=module:other"]), kernel=kernel)
    text = "it imports the namespace module:other, which is open only to the modules it lists"
    assert errors(found) == {"module-namespace": text}
    assert 'MODULE_IMPORT_NS("module:other")' in advice(found, "module-namespace")


def test_gpl_only_symbols_beside_those_of_a_proprietary_module(desk: Desk) -> None:
    closed = desk.module("closed", licence="Proprietary", exports=["given"])
    crcs = {"given": 0x100}
    user = desk.module("user", imports=["gpl_only", "given"], versions=crcs)
    found = desk.verdict(user, more=[closed])
    assert found.errno == ENOENT
    text = "it uses GPL-only symbols and given of the proprietary module closed"
    assert errors(found)["proprietary"] == text
    assert advice(found, "proprietary") == "avoid either the GPL-only symbols or closed"


def test_modules_that_it_depends_on_are_named(desk: Desk) -> None:
    one = desk.module("one", imports=["lost"], versions={"lost": 1}, info=["depends=far-away"])
    assert advice(desk.verdict(one), "unknown") == "give far_away: --with DIR"
    two = desk.module("two", imports=["lost"], versions={"lost": 1}, info=["depends=far-away,one,,further"])
    assert advice(desk.verdict(two, one), "unknown") == "give far_away, further: --with DIR"


def test_duplicates_of_the_kernel_and_of_a_module(desk: Desk) -> None:
    first = desk.module("first", exports=["given", "shared"])
    second = desk.module("second", exports=["shared"], imports=["given"], versions={"given": 0x100})
    found = desk.verdict(second, more=[first])
    assert errors(found)["duplicate"] == "it exports 1 symbol that first already exports: shared"
    assert advice(found, "duplicate") == "do not load first"
    third = desk.verdict(desk.module("third", exports=["gpl_only"]))
    assert errors(third)["duplicate"] == "it exports 1 symbol that the kernel already exports: gpl_only"
    assert advice(third, "duplicate") == "do not load it: 6.1.0-made already provides them"


def test_the_last_line_about_a_refused_dependency_is_shown(desk: Desk) -> None:
    exporter = desk.module("exporter", exports=["given"], versions={"_printk": 1})
    user = desk.module("user", imports=["given"], versions={"given": 0x100})
    text = "it depends on exporter, which this kernel refuses: exporter: Unknown symbol _printk (err -22)"
    assert errors(desk.verdict(user, more=[exporter])) == {"needs": text}


def test_dependencies_of_dependencies_are_loaded_first(desk: Desk) -> None:
    last = desk.module("last", exports=["far"])
    between = desk.module("between", exports=["near"], imports=["far"], versions={"far": 0x100})
    first = desk.module("first", imports=["near"], versions={"near": 0x100})
    assert desk.verdict(first, more=[between, last]).loads


def test_each_word_of_vermagic_counts(desk: Desk) -> None:
    """VERMAGIC_STRING: the release, then words."""
    found = desk.verdict(desk.module(magic="6.1.0-made mod_unload modversions "))
    assert errors(found) == {"vermagic": "the kernel is built with SMP, the module without"}
    found = desk.verdict(desk.module(magic="6.1.0-made preempt SMP mod_unload modversions rt "))
    assert errors(found) == {"vermagic": "the module is built with preempt, rt, the kernel without"}


@pytest.mark.parametrize("count", [10, 12])
def test_ten_annotations_of_a_level_are_shown(desk: Desk, count: int) -> None:
    """GitHub shows no more for a step."""
    paths = [desk.module(f"m{at}", versions={"module_layout": 1}) for at in range(count)]
    text = github.render(desk.report(*paths))
    assert text.count("::error ") == 10
    assert ("2 more of level error are not annotated\n" in text) == (count == 12)


def test_symbols_without_crcs(desk: Desk) -> None:
    lenient = {**SWITCHES, "MODULE_FORCE_LOAD": False}
    kernel = desk.kernel("strict", switches=lenient)
    data = Path(desk.module()).read_bytes().replace(b"_printk\0" + bytes(40), b"_prinkt\0" + bytes(40))
    found = desk.verdict(desk.file("odd.ko", data), kernel=kernel)
    assert errors(found) == {"unversioned": "it has no CRC for 1 symbol it imports: _printk"}
    exports = {**EXPORTS, "one": EXPORTS["_printk"]}
    imports = ["_printk", "one"]
    many = desk.verdict(
        desk.module("many", imports=imports, versions={"_printk": 0x92997ED8, "one": 0x92997ED8}),
        kernel=desk.kernel("more", switches=lenient, exports=exports),
    )
    assert many.loads


def test_many_files_are_read_by_all_cores(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    files = [
        (desk.module(f"m{at}", imports=["_printk"], exports=[f"s{at}"]), f"shown{at}") for at in range(62)
    ]
    files += [(desk.file("bad.ko", b"\x7fELF"), "bad"), (str(desk.folder / "gone.ko"), "gone")]
    found = candidate.read_all(files)
    assert found == [candidate.Candidate.read(*file) for file in files]
    assert [it.shown for it in found] == [shown for _, shown in files]
    assert [bool(it.damage) for it in found] == [False] * 62 + [True, True]


def test_a_verdict_is_found_by_its_module_and_kernel(desk: Desk) -> None:
    kernels = [desk.kernel("one", release="6.1.0-one"), desk.kernel("two", release="6.1.0-two")]
    report = desk.report(desk.module("a"), desk.module("b"), kernel=",".join(kernels[:1]))
    assert report.verdict("b").module == "b"
    assert report.verdict("a", report.kernels[0].label) is report.verdicts[0]
    for words in (("c",), ("a", "6.2")):
        with pytest.raises(KeyError):
            report.verdict(*words)


def test_differences_are_counted_beyond_the_first(desk: Desk) -> None:
    found = next(iter(desk.verdict(desk.module(versions={"_printk": 1})).findings))
    for types, end in (((), ""), (("a",), "; a"), (("a", "b"), "; a, and 1 more differences")):
        assert found._replace(types=types).whole == found.message + end
    assert verdict.bare(found.rule) == "crc"
