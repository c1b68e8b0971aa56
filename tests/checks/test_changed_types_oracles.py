"""Types of real kernels and compilers, compared with bpftool, abidiff and pahole."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pymodutils import Verdict
from pymodutils.checks import distilled
from pymodutils.checks.candidate import Candidate
from pymodutils.checks.changed_types import ChangedTypes, KernelTypes
from pymodutils.checks.kabi_btf import BtfTypes
from pymodutils.checks.kabi_types import Differ
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.depends.module_info import opened
from pymodutils.elf.constants import BTF
from pymodutils.kernel.sources import source
from tests.checks.test_kabi_types import seen, wanted
from tests.oracles import pahole, upgrade
from tests.oracles.debian import Unavailable, unpacked

lane = pytest.mark.lane
slow = pytest.mark.slow


@lane
@slow
def test_modules_are_read_as_bpftool_reads_them(tmp_path: Path) -> None:
    root, releases = upgrade.installed()
    release = releases["6.12"]
    kernel = source.describe([str(root / f"boot/vmlinuz-{release}")])
    assert kernel.btf is not None
    (tmp_path / "vmlinux").write_bytes(kernel.btf)
    base = BtfTypes(kernel.btf, "little", release)
    bpftool = unpacked("bpftool") / "usr/sbin/bpftool"
    for name in ("net/wireless/cfg80211", "drivers/media/v4l2-core/videodev", "fs/fat/fat"):
        path = next((root / "lib/modules" / release / "kernel").glob(f"{name}.ko*"))
        with opened(str(path)) as elf:
            blob = bytes(elf.section(BTF) or b"")
        (tmp_path / "module").write_bytes(blob)
        words = ["-j", "btf", "dump", "file", str(tmp_path / "module"), "format", "raw"]
        done = subprocess.run(
            [bpftool, "-B", tmp_path / "vmlinux", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        rows = json.loads(done.stdout)["types"]
        ours = BtfTypes(blob, "little", name, base)
        assert len(rows) == len(ours) - len(base)
        for row in rows:
            assert seen(ours, row["id"], row) == wanted(row), row


SOURCE = """
struct inner { int a; %s long b; };
enum mode { A, B%s };
struct outer { struct inner *in; enum mode how; };
void use(struct outer *it) { it->in->a = it->how; }
"""


@lane
@slow
@pytest.mark.parametrize(
    ("fill", "expected", "theirs"),
    [
        (("int c, d;", ""), "struct inner: member c added at 0x4, size 16 -> 24", "'int c', at offset 32"),
        (("", ", C"), "enum mode: C added as 2", "'mode::C' value '2'"),
        (("int d;", ""), "struct inner: member d added at 0x4", "'int d', at offset 32"),
    ],
)
def test_a_difference_is_the_one_that_abidiff_reports(
    tmp_path: Path, fill: tuple[Any, ...], expected: str, theirs: str
) -> None:
    old, new = library(tmp_path / "old", ("", "")), library(tmp_path / "new", fill)
    [found] = Differ(types(old), types(new)).reasons(["use"])
    assert found.difference.startswith(expected)
    package = unpacked("abigail-tools")
    libraries = [
        unpacked(name) / "usr/lib/x86_64-linux-gnu" for name in ("libabigail0", "libxml2", "libicu72")
    ]
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
    done = subprocess.run(
        [package / "usr/bin/abidiff", "--harmless", old, new],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(theirs, done.stdout), done.stdout + done.stderr


def library(place: Path, fill: tuple[Any, ...]) -> Path:
    """A library with DWARF, and BTF of the same types by gcc itself."""
    if not shutil.which("gcc-12"):
        raise Unavailable("no gcc-12 (package gcc)")
    place.mkdir()
    (place / "use.c").write_text(SOURCE % fill)
    for flag, name in (("-g", "libuse.so"), ("-gbtf", "btf.o")):
        kind = ["-shared", "-fPIC"] if name.endswith(".so") else ["-c"]
        subprocess.run(["gcc-12", flag, *kind, "use.c", "-o", name], cwd=place, check=True)
    return place / "libuse.so"


@lane
@slow
def test_the_base_that_pahole_distils(tmp_path: Path) -> None:
    """The types of a kernel that the module uses, as pahole leaves them of the whole."""
    if not shutil.which("gcc-12"):
        raise Unavailable("no gcc-12 (package gcc)")
    for name, text in {"old": USED % "", "new": USED % "int more;", "module": USED % "" + USER}.items():
        (tmp_path / f"{name}.c").write_text(text)
        subprocess.run(["gcc-12", "-g", "-c", f"{name}.c"], cwd=tmp_path, check=True)
    for name in ("old", "new"):
        pahole.run(f"--btf_encode_detached={tmp_path / name}.btf", f"{tmp_path / name}.o")
    wanted = ("-J", "--btf_features=default,distilled_base", f"--btf_base={tmp_path / 'old.btf'}")
    pahole.run(*wanted, str(tmp_path / "module.o"))
    built = distilled.base(str(tmp_path / "module.o"), "little")
    assert built is not None
    old, new = (BtfTypes((tmp_path / f"{it}.btf").read_bytes(), "little", it) for it in ("old", "new"))
    assert distilled.differences(built, old, "old") == []
    said = "struct {}: size {} -> {}, by the module's .BTF.base"
    expected = [said.format("inner", 8, 12), said.format("pointed", 12, 16)]
    assert sorted(distilled.differences(built, new, "new")) == expected


USED = """
struct inner { int a, b; %s };
struct pointed { int x; struct inner in; };
enum mode { A, B };
void use(struct pointed *it, enum mode how) { it->x = how; }
"""
USER = """
struct own { struct inner in; struct pointed *far; enum mode how; };
void take(struct own *it) { use(it->far, it->how); }
"""


def types(path: Path) -> BtfTypes:
    with opened(str(path.with_name("btf.o"))) as elf:
        return BtfTypes(bytes(elf.section(BTF) or b""), "little", "made")


@lane
@slow
def test_a_symbol_of_a_module_is_explained_by_the_modules() -> None:
    root, releases = upgrade.installed()
    sides = []
    for name in ("6.1", "6.12"):
        image = str(root / f"boot/vmlinuz-{releases[name]}")
        [path] = (root / "lib/modules" / releases[name]).glob("kernel/drivers/media/v4l2-core/videodev.ko*")
        sides.append(KernelTypes(source.describe([image]), lambda _, path=path: str(path)))  # type: ignore[misc]
    user = next((root / "lib/modules" / releases["6.1"]).rglob("uvcvideo.ko*"))
    before = Candidate.read(str(user))
    symbols = ("module_layout", "v4l2_fh_exit")
    finding = Finding(Rule.CRC, Severity.ERROR, "v4l2_fh_exit", "", "", symbols)
    verdict = Verdict("uvcvideo", "uvcvideo", str(user), "new", 8, (), (), (finding,))
    explained = ChangedTypes(sides[:1], sides[1]).explained(verdict, before)
    assert any("struct v4l2_m2m_ctx: member" in text for text in explained.findings[0].types)
