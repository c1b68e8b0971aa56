"""The JSON form of a description, written and read."""

from __future__ import annotations

import gzip
import json
import lzma
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymodutils.elf.ksymtab import Export
from pymodutils.errors import BadKernel
from pymodutils.kernel import saved
from pymodutils.kernel.description import SWITCHES, Description
from pymodutils.kernel.sources import source
from tests.environment import without_coverage
from tests.kernel.emulated.modules import description

maybe_text = st.none() | st.text()
numbers = st.none() | st.integers(0, 2**32 - 1)
rows = st.builds(
    Export, st.none() | st.integers(0, 2**64 - 1), numbers, st.none() | st.booleans(), maybe_text
)
descriptions = st.builds(
    Description,
    release=maybe_text,
    version=maybe_text,
    banner=maybe_text,
    vermagic=maybe_text,
    machine=numbers,
    bits=st.sampled_from([None, 32, 64]),
    order=st.sampled_from([None, "little", "big"]),
    page_size=numbers,
    exports=st.dictionaries(st.text(), rows),
    complete=st.booleans(),
    switches=st.dictionaries(st.sampled_from(SWITCHES), st.booleans()),
    module_size=numbers,
    percpu=st.none() | st.integers(0, 2**64 - 1),
    generation=maybe_text,
    strict_versions=st.none() | st.booleans(),
    sources=st.lists(st.text()).map(tuple),
    conflicts=st.lists(st.text()).map(tuple),
    remarks=st.dictionaries(st.text(), st.text()),
    keys=st.lists(st.binary()).map(tuple),
    btf=st.none() | st.binary(),
    kallsyms=st.none() | st.binary(),
    builtins=st.none() | st.lists(st.text()).map(tuple),
)
KERNEL = Description(release="6.1", exports={"a": Export(1, 2, True, "NS")}, sources=("x",))


@given(descriptions)
def test_what_is_written_is_read_again(kernel: Description) -> None:
    text = saved.dumps(kernel).encode("ascii")
    assert saved.is_saved(text)
    assert saved.loads(text, "k") == kernel


def test_names_of_any_bytes_survive() -> None:
    name = b"\xff\xfe".decode("utf-8", "surrogateescape")
    kernel = KERNEL._replace(exports={name: Export(1, 2, True, "")})
    assert saved.loads(saved.dumps(kernel).encode("ascii"), "k") == kernel


def test_the_format_is_as_documented() -> None:
    found = json.loads(saved.dumps(KERNEL))
    assert (found["format"], found["version"]) == ("pymodutils kernel", 1)
    assert found["exports"] == {"a": [1, 2, True, "NS"]}
    assert found["release"] == "6.1"
    assert "vermagic" in found["unknown"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": "other"}, "it is not a kernel description"),
        ({"version": 2}, "its format is version 2, known is 1"),
        ({"release": 5}, "release is 5"),
        ({"machine": True}, "machine is True"),
        ({"exports": {"a": [1, 2, True]}}, "it is damaged"),
        ({"exports": {"a": [1, 2, 3, "x"]}}, "the export a is"),
        ({"exports": {"a": [-1, 2, True, "x"]}}, "the export a is"),
        ({"exports": ["a"]}, "it is damaged"),
        ({"switches": {"SMP": "y"}}, "neither true nor false"),
        ({"complete": 1}, "neither true nor false"),
        ({"colour": 1}, "a field that is not known: colour"),
        ({"sources": 1}, "it is damaged"),
        ({"keys": ["*"]}, "it is damaged"),
        ({"keys": 1}, "it is damaged"),
        ({"builtins": 1}, "it is damaged"),
        ({"remarks": []}, "it is damaged"),
    ],
)
def test_what_is_not_one_is_refused_in_one_line(change: dict[str, object], why: str) -> None:
    text = json.dumps({**json.loads(saved.dumps(KERNEL)), **change}).encode()
    with pytest.raises(BadKernel, match=rf"^k: .*{why}") as caught:
        saved.loads(text, "k")
    assert "\n" not in str(caught.value)


@given(st.data())
def test_mutations_are_refused_or_read(data: st.DataObject) -> None:
    text = bytearray(saved.dumps(KERNEL).encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        assert isinstance(saved.loads(bytes(text), "k"), Description)
    except BadKernel:
        return


def test_reading_one_imports_no_decompressor() -> None:
    heavy = (
        "{'lzma', 'bz2', 'tarfile', 'backports.zstd', 'elftools', 'rich', 'networkx', 'sqlite3', 'ctypes'}"
    )
    script = "import sys; from pymodutils.kernel.sources import source; from pymodutils.kernel import saved;"
    done = subprocess.run(
        [sys.executable, "-c", f"{script} print({heavy} & set(sys.modules))"],
        env=without_coverage(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("text", [r"\ud800", r"a\uDBFFb", r"\udfff", r"\udc00"])
def test_half_a_character_is_refused(text: str) -> None:
    data = saved.dumps(description()).replace("6.1.0-made", text).encode()
    with pytest.raises(BadKernel, match="it is damaged"):
        saved.loads(data, "k")


def test_a_byte_that_is_no_character_is_kept() -> None:
    data = saved.dumps(description()).replace("6.1.0-made", r"6.1\udcff").encode()
    assert saved.loads(data, "k").release == "6.1\udcff"


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_a_compressed_description(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "k.json.x").write_bytes(pack(saved.dumps(description()).encode()))
    assert source.describe([str(tmp_path / "k.json.x")]).release == "6.1.0-made"
