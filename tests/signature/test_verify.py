"""Verdicts on signatures, compared with a real kernel that trusts one of our keys."""

from __future__ import annotations

import json
from errno import EKEYREJECTED, ENODATA, ENOEXEC, ENOKEY, ENOPKG
from pathlib import Path
from typing import Any

import pytest

from pymodutils.signature import verify as verifier
from pymodutils.signature.digests import Crypto
from tests.lanes import qemu
from tests.oracles import keyed, trees
from tests.signature import signed_cases, signed_keys

HASHES = ("sha512_generic", "md4")  # modules that the kernel would ask modprobe for
CRYPTO = Crypto(frozenset({"rsa", "md4", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"}), (6, 1))
SOFT = {
    ENODATA: "unsigned module",
    ENOPKG: "module with unsupported crypto",
    ENOKEY: "module with unavailable key",
}
NOT_ELF = [3, "Invalid ELF header magic: != \\x7fELF"]

Verdict = list[Any]


class Judged:
    """Every image with the kernel's verdict and ours."""

    def __init__(self, folder: Path) -> None:
        keys = signed_keys.keys(folder)
        self.trusted = [keys.own.der]
        self.named = signed_cases.images(keys)
        self.fuzzed = list(signed_cases.fuzzed(keys))
        every = [*self.named.values(), *self.fuzzed]
        path = folder / "images.json"
        path.write_text(json.dumps([image.hex() for image in every]))
        image = keyed.kernel(self.trusted, folder / "vmlinux")
        modules = [next(trees.tree("cloud").modules.rglob(f"{name}.ko")) for name in HASHES]
        call = "tests.lanes.guest.signed:verdicts"
        names = [str(module) for module in modules]
        self.theirs = qemu.run(call, str(path), names, files=[path, *modules], image=image)

    def ours(self, image: bytes) -> Verdict:
        """The kernel's expected messages for our verdict."""
        return verdict(verifier.check(image, self.trusted, CRYPTO, twice=True))


def verdict(found: verifier.Checked) -> Verdict:
    """The expected result of an enforcing kernel for data that is not ELF, from our verdict."""
    lines = [list(line) for line in found.log]
    if not found.errno:
        return [ENOEXEC, [*lines, NOT_ELF]]
    if found.errno not in SOFT:
        return [found.errno, lines]
    return [EKEYREJECTED, [*lines, [5, f"Loading of {SOFT[found.errno]} is rejected"]]]


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return Judged(tmp_path_factory.mktemp("signed"))


@pytest.mark.lane
@pytest.mark.slow
def test_each_verdict_is_the_kernels(judged: Judged) -> None:
    differ = {
        name: (ours, theirs)
        for (name, image), theirs in zip(judged.named.items(), judged.theirs, strict=False)
        if (ours := judged.ours(image)) != theirs
    }
    assert differ == {}
    assert len(judged.named) > 450


@pytest.mark.lane
@pytest.mark.slow
def test_the_verdict_on_any_damage_is_the_kernels(judged: Judged) -> None:
    rest = zip(judged.fuzzed, judged.theirs[len(judged.named) :], strict=True)
    differ = [(image.hex(), ours, theirs) for image, theirs in rest if (ours := judged.ours(image)) != theirs]
    assert differ == []
    assert len(judged.fuzzed) == 2100
