"""check --run lets the host verify signatures: results, messages and digests are the kernel's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymodutils import LiveKernel, Refused, describe
from pymodutils.signature.appended import END, record
from tests.kernel.emulated.messages import appended
from tests.oracles import openssl

pytestmark = [pytest.mark.lane, pytest.mark.slow]
TAINTED = "nls_cp1251: module verification failed: signature and/or required key missing - tainting kernel"


@pytest.fixture(scope="module")
def signed(package: Path) -> bytes:
    return next(package.rglob("nls_cp1251.ko")).read_bytes()


@pytest.fixture(scope="module")
def bare(signed: bytes) -> bytes:
    return signed[: -END - record(signed).sig_len]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> openssl.Identity:
    return openssl.root(tmp_path_factory.mktemp("keys"), "stranger")


@pytest.fixture(scope="module")
def foreign(bare: bytes, stranger: openssl.Identity) -> bytes:
    return bare + appended(stranger.cms(bare, "-noattr", "-nocerts"))


def loaded(kernel: LiveKernel, data: bytes, folder: Path) -> tuple[int, list[str], list[bytes]]:
    """The errno, the messages, and the digests looked up in the blacklist."""
    kernel.reset()
    path, digests, guest = folder / "nls_cp1251.ko", list[bytes](), kernel.guest
    path.write_bytes(data)
    space, cpu = guest.machine.space, guest.machine.cpu

    def asked() -> None:
        digests.append(space.read(guest.machine.arguments(1)[0], 32))

    watch = cpu.watch(guest.address("is_hash_blacklisted"), asked)
    try:
        kernel.insert(str(path), "")
    except Refused as refused:
        return refused.errno, kernel.messages(), digests
    finally:
        cpu.unwatch(watch)
    return 0, kernel.messages(), digests


def test_the_host_answers_as_the_kernel(
    signed: bytes, bare: bytes, foreign: bytes, image: Path, tmp_path: Path
) -> None:
    changed = signed.replace(b"\0\0\0\0", b"\0\1\0\0", 1)
    modules = signed, changed, bare, foreign
    with LiveKernel.boot(image) as kernel:
        alone = [loaded(kernel, data, tmp_path) for data in modules]
        kernel.trust(describe(image).keys)
        assert [loaded(kernel, data, tmp_path) for data in modules] == alone
    assert [bool(found[0]) for found in alone] == [False, True, False, False]
    assert [TAINTED in found[1] for found in alone] == [False, False, True, True]
    assert alone[0][2]


def test_a_key_that_the_host_trusts_is_trusted(
    stranger: openssl.Identity, foreign: bytes, image: Path, tmp_path: Path
) -> None:
    with LiveKernel.boot(image) as kernel:
        kernel.trust([stranger.der])
        code, messages, _ = loaded(kernel, foreign, tmp_path)
    assert (code, TAINTED in messages) == (0, False)
