"""Keys and signers shared by the signature cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from tests.kernel.emulated import messages as m
from tests.oracles import openssl
from tests.oracles.openssl import Identity

BODY = b"data and no module at all, of more bytes than an ELF header has: " * 2
NO_KEY_ID = "basicConstraints=CA:FALSE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"
P256, P521 = (f"ec -pkeyopt ec_paramgen_curve:P-{bits}" for bits in (256, 521))


class Keys(NamedTuple):
    """Who signs: the kernel trusts ``own`` alone."""

    own: Identity
    other: Identity
    below: Identity  # signed by own
    below_serial: Identity  # the same, naming it by its serial number too
    below_only_serial: Identity
    below_nobody: Identity  # the same, without naming its key
    stranger: Identity  # signed by other
    twin: Identity  # has own's name, not its key
    grandchild: Identity  # signed by below
    short: Identity  # 1000 bits
    small: Identity  # 1024 bits
    curve: Identity  # P-256
    plain: Identity  # without extensions


def keys(folder: Path) -> Keys:
    """Fresh keys in ``folder``."""
    own = openssl.root(folder, "own")
    other = openssl.root(folder, "other", md="sha512")
    below = openssl.leaf(folder, "below", own)
    twins = folder / "twins"
    twins.mkdir()
    return Keys(
        own=own,
        other=other,
        below=below,
        below_serial=openssl.leaf(folder, "serial", own, openssl.WITH_SERIAL),
        below_only_serial=openssl.leaf(folder, "only", own, openssl.ONLY_SERIAL),
        below_nobody=openssl.leaf(folder, "nobody", own, NO_KEY_ID),
        stranger=openssl.leaf(folder, "stranger", other),
        twin=openssl.root(twins, "own"),
        grandchild=openssl.leaf(folder, "grandchild", below),
        short=openssl.root(folder, "short", key="rsa:1000"),
        small=openssl.root(folder, "small", key="rsa:1024", md="sha1"),
        curve=openssl.root(folder, "curve", key=P256),
        plain=openssl.leaf(folder, "plain", own, NO_KEY_ID, md="sha224"),
    )


def own_signer(k: Keys, **fields: Any) -> bytes:
    return m.signer(m.by_serial(k.own), k.own.sign(BODY), **fields)
