"""Every compression of Linux, by the real compressors, in a bzImage."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from struct import pack_into, unpack_from

import pytest

from pymodutils.errors import BadKernel
from pymodutils.kernelimage import container, kernel, lz4, lzo, payload
from tests.kernelimage import build
from tests.oracles.debian import Unavailable, unpacked
from tests.oracles.kernels import kernel as debian

PACKERS = {  # as scripts/Makefile.lib calls them, with less effort
    "gzip": ["gzip", "-n", "-1"],
    "bzip2": ["bzip2", "-1"],
    "lzma": ["xz", "--format=lzma", "-0"],
    "xz": ["xz", "--check=crc32", "--x86", "--lzma2=preset=0"],
    "lzo": ["lzop", "-1"],
    "lz4": ["lz4", "-l", "-c", "-9"],
    "zstd": ["zstd", "-q", "-3"],
}
EFFORTS = [*PACKERS.items(), ("lz4", ["lz4", "-l", "-c", "-1"])]


def run(command: Sequence[str], data: bytes) -> bytes:
    tool, *words = command
    environment = dict(os.environ)
    path = shutil.which(tool)
    if tool == "lzop" and path is None:
        path = str(unpacked("lzop") / "usr/bin/lzop")
        libraries = unpacked("liblzo2-2")
        folders = [str(libraries / top / "x86_64-linux-gnu") for top in ("usr/lib", "lib")]
        environment["LD_LIBRARY_PATH"] = ":".join(folders)
    if path is None:
        raise Unavailable(f"no {tool} on this machine")
    return subprocess.run([path, *words], input=data, env=environment, capture_output=True, check=True).stdout


def repacked(image: bytes, packed: bytes, size: int) -> bytes:
    """The bzImage ``image`` with another payload; all but gzip are followed by the size."""
    start = ((image[0x1F1] or 4) + 1) * 512 + unpack_from("<I", image, 0x248)[0]
    if not packed.startswith(b"\x1f\x8b"):
        packed += size.to_bytes(4, "little")
    out = bytearray(image[:start] + packed + bytes(4096))
    pack_into("<I", out, 0x24C, len(packed))
    return bytes(out)


@cache
def real() -> tuple[bytes, bytes]:
    """Debian's kernel for i386, the smallest bzImage: the file, and its contents."""
    image = debian("i386").image.read_bytes()
    return image, container.unwrap(image, "real").data


@pytest.mark.lane
@pytest.mark.slow
@pytest.mark.parametrize(("name", "command"), EFFORTS, ids=[" ".join(words) for _, words in EFFORTS])
def test_a_real_kernel_with_any_payload(name: str, command: list[str]) -> None:
    image, content = real()
    again = repacked(image, run(command, content), len(content))
    found = container.unwrap(again, "again")
    assert found.container == f"bzImage {name} > vmlinux"
    assert found.data == content
    assert kernel.read(again, "again").exports == kernel.read(image, "real").exports


SAMPLES = {
    "nothing special": bytes(range(256)) * 3000,
    "zeros": bytes(20 << 20),  # more than two blocks of lz4
    "noise": random.Random(1).randbytes(300_000),  # noqa: S311
    "text": b"".join(b"%d bottles of beer on the wall, " % at for at in range(30000)),
    "one byte": b"x",
    "a program": Path(sys.executable).read_bytes()[:1_500_000],  # every kind of match of LZO
    "short repeats": b"".join(bytes([at % 251]) * (at % 40) for at in range(20000)),
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ["lz4", "lzo"])
@pytest.mark.parametrize("effort", ["-1", "-3", "-9"])
def test_our_own_decoders(name: str, effort: str, sample: str) -> None:
    tool = ["lzop", effort] if name == "lzo" else ["lz4", "-l", "-c", effort]
    packed = run(tool, SAMPLES[sample])
    decompress = lzo.decompress if name == "lzo" else lz4.decompress
    assert decompress(packed + b"tail", 1 << 30) == SAMPLES[sample]


@pytest.mark.parametrize("name", PACKERS)
def test_damage_is_one_line_and_never_more_than_was_there(name: str) -> None:
    data = SAMPLES["text"] + SAMPLES["noise"]
    packed = run(PACKERS[name], data)
    form = payload.find(packed)
    assert form is not None
    chance = random.Random(name)  # noqa: S311
    for _ in range(60):
        damaged = bytearray(packed)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(6, len(packed))] ^= 1 << chance.randrange(8)
        cut = bytes(damaged[: chance.choice([len(packed), chance.randrange(8, len(packed))])])
        out, error = b"", ""
        try:
            out = payload.decompress(form, cut, "k")
        except BadKernel as refusal:
            error = str(refusal)
        assert len(out) <= 4 * len(data) + (8 << 20)
        assert not error or error.startswith(f"k: its {name} payload cannot be read: ")
        assert "\n" not in error


@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_stops_at_the_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = run(PACKERS[name], bytes(40 << 20))
    monkeypatch.setattr(payload, "LIMIT", 1 << 20)
    form = payload.find(packed)
    assert form is not None
    with pytest.raises(BadKernel, match="more than 1048576 bytes come out of it"):
        payload.decompress(form, packed, "k")


CONTAINERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip > arm64 Image": lambda image: build.packed(build.arm64(image)),
    "EFI zboot gzip > arm64 Image": lambda image: build.zboot(build.packed(build.arm64(image))),
    "gzip > EFI zboot gzip > arm64 Image": lambda image: build.packed(
        build.zboot(build.packed(build.arm64(image)))
    ),
    "arm64 Image": build.arm64,
    "s390 image gzip": lambda image: build.s390(build.packed(image)),
    "zImage gzip": lambda image: build.zimage(build.packed(image)),
    "zImage xz": lambda image: build.zimage(b"\xfd7zXZ\0not this one" + run(PACKERS["xz"], image)),
    "zImage bzip2": lambda image: build.zimage(run(PACKERS["bzip2"], image)),
    "zImage lzma": lambda image: build.zimage(run(PACKERS["lzma"], image)),
    "zImage lz4": lambda image: build.zimage(run(PACKERS["lz4"], image)),
    "raw image": lambda image: image,
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(name: str) -> None:
    memory = build.raw(build.Shape(), build.rows(), 0x80100000)
    found = container.unwrap(CONTAINERS[name](memory), "k")
    assert found.container == name
    assert found.data[64:] == memory[64:]


def test_what_is_no_kernel_is_said() -> None:
    for data in (b"", b"x", b"MZ", bytes(3000), b"\x7fELF" + bytes(100), Path(__file__).read_bytes()[:500]):
        with pytest.raises(BadKernel, match=r"^k: no Linux kernel in it"):
            container.unwrap(data, "k")
