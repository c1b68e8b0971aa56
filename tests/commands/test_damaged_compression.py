"""Damaged compressed modules: the error messages of kmod 34."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.depends.depmod.made import VERSION, module, place
from tests.oracles.modprobe import Said, here, kmod
from tests.oracles.trees import COMPRESS

DATA = module(info=[b"license=GPL", *(b"alias=x%d" % at for at in range(500))], exports={b"x": 1})


def flipped(data: bytes) -> bytes:
    copy = bytearray(data)
    copy[-9] ^= 0x55
    return bytes(copy)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[: len(data) // 2],
    "last bytes cut": lambda data: data[:-3],
    "only a start": lambda data: data[:8],
    "flipped": flipped,
    "garbage behind": lambda data: data + b"garbage",
    "more garbage behind": lambda data: data + b"garbage" * 9,
    "zeros": lambda data: data[:6] + bytes(200),
}
CASES = [(packing, damage) for packing in ("xz", "zst") for damage in DAMAGES]
EACH = pytest.mark.parametrize(("packing", "damage"), CASES)


def written(folder: Path, packing: str, damage: str) -> str:
    path = folder / f"m.ko.{packing}"
    path.write_bytes(DAMAGES[damage](COMPRESS[packing](DATA)))
    return str(path)


@pytest.mark.lane
@EACH
def test_modinfo_and_modprobe_say_what_kmod_says(packing: str, damage: str, tmp_path: Path) -> None:
    path = written(tmp_path, packing, damage)
    assert here(path, tool="modinfo") == kmod(34, path, tool="modinfo")
    words = ["--show-exports", path]
    assert here("--compat", "34", *words) == kmod(34, *words)
    shown = kmod(30, *words)
    if packing == "xz":  # kmod 30 takes some damaged zstd for a module of another format
        assert here("--compat", "30", *words) == shown


@pytest.mark.lane
@EACH
def test_depmod_says_it_once(packing: str, damage: str, tmp_path: Path) -> None:
    """Each time kmod reads the module, it repeats the reason, or prints another one."""
    data = DAMAGES[damage](COMPRESS[packing](DATA))
    tree = place(tmp_path, {f"kernel/m.ko.{packing}": data})
    theirs = kmod(34, "-b", str(tmp_path), tree.version, tool="depmod")
    ours = here("--compat", "34", "-b", str(tmp_path), tree.version, tool="depmod")
    assert ours.err.splitlines() == theirs.err.splitlines()[:2]
    quiet = here("--compat", "30", "-b", str(tmp_path), tree.version, tool="depmod")
    assert quiet.err.splitlines() == theirs.err.splitlines()[1:2]


WHY = {
    ("xz", "cut"): "xz: Unexpected end of input",
    ("xz", "flipped"): "xz: File is corrupt",
    ("zst", "cut"): "zstd: Src size is incorrect",
    ("gz", "cut"): "gzip: unexpected end of file",
    ("gz", "zeros"): "gzip: invalid stored block lengths",
}


@pytest.mark.parametrize(("case", "why"), WHY.items())
def test_the_reason(case: tuple[str, str], why: str, tmp_path: Path) -> None:
    path = written(tmp_path, *case)
    refused = f"could not insert module {path}: Invalid parameters"
    assert here(path, tool="insmod") == Said("", f"insmod: ERROR: {why}\ninsmod: ERROR: {refused}\n", 1)
    said = here(path, tool="modinfo")
    assert f": {why}\nmodinfo: ERROR: could not get modinfo from 'm': Invalid argument\n" in said.err
    assert said.err.startswith("libkmod: ERROR: ")
    said = here("--show-exports", path)
    assert said.err.splitlines()[0] == f"modprobe: ERROR: {why}"


def test_modprobe_says_it_of_what_it_loads(tmp_path: Path) -> None:
    tree = place(tmp_path, {"kernel/m.ko.xz": DAMAGES["flipped"](COMPRESS["xz"](DATA))})
    assert here("-b", str(tmp_path), VERSION, tool="depmod").status == 0
    said = here("--sysroot", str(tmp_path), "-S", tree.version, "m")
    assert said.err.splitlines() == [
        "modprobe: ERROR: xz: File is corrupt",
        "modprobe: ERROR: could not insert 'm': Invalid argument",
    ]


def test_a_file_too_short_to_tell_is_an_invalid_argument(tmp_path: Path) -> None:
    (tmp_path / "m.ko").write_bytes(b"abc")
    said = here("--show-exports", str(tmp_path / "m.ko"))
    assert said.err == f"modprobe: FATAL: could not get symbols of {tmp_path}/m.ko: Invalid argument\n"
