"""Several sources of one kernel: precedence, merging, messages."""

from __future__ import annotations

import pytest

from pymodutils.elf.ksymtab import Export
from pymodutils.kernel.combine import combine
from pymodutils.kernel.description import SWITCHES, Description, generation_of, unknown

IMAGE = Description(
    release="6.1.0-50-amd64",
    version="#1 SMP Debian 6.1.176-1",
    vermagic="6.1.0-50-amd64 SMP ",
    machine=62,
    exports={"a": Export(16, 1, False, ""), "b": Export(32, None, True, "NS")},
    complete=True,
    switches={"SMP": True},
    sources=("image",),
)


def test_the_first_that_knows_wins_and_gaps_are_filled() -> None:
    headers = Description(
        release="6.1.0-50-amd64",
        exports={"a": Export(None, 1, False, ""), "b": Export(None, 2, True, "NS")},
        complete=True,
        switches={"SMP": True, "MODVERSIONS": True},
        module_size=896,
        sources=("headers",),
    )
    whole = combine([IMAGE, headers])
    assert whole.exports == {"a": Export(16, 1, False, ""), "b": Export(32, 2, True, "NS")}
    assert whole.switches == {"SMP": True, "MODVERSIONS": True}
    assert whole.module_size == 896
    assert whole.sources == ("image", "headers")
    assert whole.conflicts == ()


def test_disagreement_is_told_and_the_first_taken() -> None:
    other = Description(
        release="6.1.0-51-amd64",
        exports={"a": Export(None, 9, True, ""), "c": Export(None, 3, False, "")},
        complete=True,
        switches={"SMP": False},
        sources=("other",),
    )
    whole = combine([IMAGE, other])
    assert whole.release == "6.1.0-50-amd64"
    assert whole.exports == IMAGE.exports
    assert whole.conflicts == (
        "release: image says '6.1.0-50-amd64', other says '6.1.0-51-amd64'; the first is taken",
        "CONFIG_SMP: image says y, other says n; the first is taken",
        "exports: 1 have another crc in image and other; the first is taken",
        "exports: 1 have another gpl in image and other; the first is taken",
        "exports: 2 are exported by one only in image and other; the first is taken",
    )


@pytest.mark.parametrize("turned", [False, True])
def test_what_modules_import_adds_nothing_to_a_complete_list(turned: bool) -> None:
    modules = Description(
        exports={"b": Export(None, 2, None, None), "of_a_module": Export(None, 4, None, None)},
        sources=("modules",),
    )
    whole = combine([modules, IMAGE] if turned else [IMAGE, modules])
    assert whole.exports == {"a": Export(16, 1, False, ""), "b": Export(32, 2, True, "NS")}
    assert whole.conflicts == ()


def test_partial_lists_are_united() -> None:
    parts = [Description(exports={name: Export(None, 1, None, None)}) for name in "ab"]
    assert set(combine(parts).exports) == {"a", "b"}


@pytest.mark.parametrize(
    ("release", "generation"),
    [
        ("5.10.0-30-amd64", None),
        ("6.1.0-50-amd64", "6.1"),
        ("6.2.16", "6.1"),
        ("6.3", "6.3"),
        ("6.12.107+deb13-riscv64", "6.3"),
        ("6.13-rc1", "6.13"),
        ("6.14.0-1-arch1", "6.14"),
        ("7.2.12", "7.0"),
        ("junk", None),
    ],
)
def test_generations(release: str, generation: str | None) -> None:
    assert generation_of(release) == generation


def test_who_built_it_decides_on_missing_versions() -> None:
    assert combine([IMAGE]).strict_versions is True
    assert combine([IMAGE._replace(version="#1 SMP Fedora")]).strict_versions is False
    assert combine([IMAGE._replace(version=None)]).strict_versions is None


def test_all_that_is_not_known_is_listed_with_what_to_do() -> None:
    told = unknown(Description())
    assert set(told) == {
        "release",
        "version",
        "vermagic",
        "machine",
        "page_size",
        "module_size",
        "percpu",
        "generation",
        "strict_versions",
        "switches",
        "exports",
        "builtins",
    }
    known = Description(
        page_size=4096,
        module_size=896,
        percpu=0x34000,
        keys=(b"DER",),
        btf=b"BTF",
        kallsyms=b"all",
        builtins=("kernel",),
    )
    whole = combine([IMAGE, known])._replace(switches=dict.fromkeys(SWITCHES, True))
    assert set(unknown(whole._replace(keys=(), btf=None, kallsyms=None, builtins=None))) == {
        *("crcs", "keys", "btf", "kallsyms", "builtins")
    }
    assert unknown(whole) == {"crcs": "of 1 exports; add an image or a Module.symvers"}
    assert unknown(whole._replace(exports={"a": Export(1, 1, True, "")})) == {}
    assert "5.10" in unknown(combine([IMAGE._replace(release="5.10.0")]))["generation"]


def test_other_keys_are_told_and_the_first_taken() -> None:
    keys = [IMAGE._replace(keys=(name,), sources=(name.decode(),)) for name in (b"one", b"two")]
    whole = combine(keys)
    assert whole.keys == (b"one",)
    assert whole.conflicts == ("keys: one says others than two; the first are taken",)
    assert combine([IMAGE, keys[1]]).keys == (b"two",)
    assert combine([keys[0], keys[0]]).conflicts == ()


@pytest.mark.parametrize("turned", [False, True])
def test_a_list_of_built_in_modules_never_outweighs_the_image(turned: bool) -> None:
    image = IMAGE._replace(builtins=("shown",))
    listed = Description(builtins=("hidden", "shown"), sources=("modules.builtin.modinfo",))
    assert combine([listed, image] if turned else [image, listed]).builtins == ("shown",)
    assert combine([listed]).builtins == ("hidden", "shown")
