"""Every byte of the database of whole kernels, compared with both kmods."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.depends.depmod.compare import equal_to_kmod, made_by, ours
from tests.oracles.kmod import kmod34
from tests.oracles.trees import copied, linked, tree

pytestmark = pytest.mark.lane


@pytest.mark.slow
@pytest.mark.parametrize("name", ["uml", "cloud", "s390x", "armhf", "amd64"])
def test_whole_kernels(name: str, tmp_path: Path) -> None:
    modules = linked(tree(name), tmp_path)
    equal_to_kmod(modules)
    order = modules.modules / "modules.order"
    lines = order.read_bytes().splitlines(keepends=True)
    order.write_bytes(b"".join(lines[: len(lines) // 2] + lines[:20]))
    equal_to_kmod(modules)
    order.unlink()
    equal_to_kmod(modules)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["xz", "zst"])
def test_compressed_modules(suffix: str, tmp_path: Path) -> None:
    equal_to_kmod(linked(copied(tree("uml"), suffix), tmp_path))


@pytest.mark.slow
def test_gzip_is_read_although_debians_kmod_cannot(tmp_path: Path) -> None:
    plain = linked(tree("uml"), tmp_path / "plain")
    packed = linked(copied(tree("uml"), "gz"), tmp_path / "packed")
    expected = made_by(kmod34("depmod"), plain).files
    found = made_by(ours(), packed).files
    assert found["modules.dep"].replace(b".ko.gz", b".ko") == expected["modules.dep"]
    for name in ("modules.alias.bin", "modules.symbols.bin", "modules.softdep", "modules.devname"):
        assert found[name] == expected[name]
