"""Keys, certificates and signatures by openssl, in a given folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from pymodutils.signature import ber
from pymodutils.signature.openssl_reader import OpensslReader
from tests.oracles.debian import Unavailable

LONG = ("-days", "36500")
AUTHORITY = "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
WITH_SERIAL = "authorityKeyIdentifier=keyid:always,issuer:always\nsubjectKeyIdentifier=hash\n"
ONLY_SERIAL = "authorityKeyIdentifier=issuer:always\nsubjectKeyIdentifier=none\n"


class Identity(NamedTuple):
    """A private key and a certificate for it, as files NAME.key and NAME.pem."""

    folder: Path
    name: str
    der: bytes

    @property
    def issuer(self) -> bytes:
        """The issuer's name, encoded."""
        return self._parts()[0]

    @property
    def serial(self) -> bytes:
        """The content of the serial number."""
        return self._parts()[1]

    @property
    def skid(self) -> bytes:
        """The identifier of the key."""
        words = ("x509", "-in", f"{self.name}.pem", "-noout", "-ext", "subjectKeyIdentifier")
        return bytes.fromhex(openssl(self.folder, *words).decode().split()[-1].replace(":", ""))

    @property
    def public(self) -> bytes:
        """The SubjectPublicKeyInfo of the key."""
        words = ("pkey", "-in", f"{self.name}.key", "-pubout", "-outform", "DER")
        return openssl(self.folder, *words)

    def sign(self, data: bytes, md: str = "sha256") -> bytes:
        """The plain signature of ``data``."""
        return openssl(self.folder, "dgst", f"-{md}", "-sign", f"{self.name}.key", data=data)

    def raw(self, block: bytes) -> bytes:
        """``block``, without padding, to the power of the private key."""
        words = ("pkeyutl", "-decrypt", "-inkey", f"{self.name}.key", "-pkeyopt", "rsa_padding_mode:none")
        return openssl(self.folder, *words, data=block)

    def cms(self, data: bytes, *words: str) -> bytes:
        """The message of ``openssl cms -sign`` for ``data``, in DER."""
        files = ("-signer", f"{self.name}.pem", "-inkey", f"{self.name}.key")
        return openssl(self.folder, "cms", "-sign", "-binary", "-outform", "DER", *files, *words, data=data)

    def _parts(self) -> tuple[bytes, bytes]:
        inner = OpensslReader(self.der).within(ber.SEQUENCE).within(ber.SEQUENCE)
        inner.maybe(ber.CONTEXT | ber.CONSTRUCTED)
        serial = inner.content(inner.take(ber.INTEGER))
        inner.take(ber.SEQUENCE)
        return inner.whole(inner.take(ber.SEQUENCE)), serial


def root(folder: Path, name: str, *words: str, key: str = "rsa:2048", md: str = "sha256") -> Identity:
    """A key with a self-signed certificate; ``words`` are further options of ``openssl req``."""
    kind = ("-newkey", *key.split()) if key else ("-key", f"{name}.key")
    files = ("-keyout", f"{name}.key", "-out", f"{name}.pem") if key else ("-out", f"{name}.pem")
    openssl(folder, "req", "-x509", "-nodes", *kind, *files, *LONG, f"-{md}", "-subj", f"/CN={name}", *words)
    return _read(folder, name)


def leaf(
    folder: Path,
    name: str,
    above: Identity,
    extensions: str = AUTHORITY,
    *,
    key: str = "rsa:2048",
    md: str = "sha256",
) -> Identity:
    """A key whose certificate is signed by ``above``."""
    files = ("-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "req", "-new", "-nodes", "-newkey", *key.split(), *files, "-subj", f"/CN={name}")
    (folder / "extensions").write_text(extensions)
    signer = ("-CA", f"{above.name}.pem", "-CAkey", f"{above.name}.key", "-CAcreateserial")
    words = (*signer, "-extfile", "extensions", "-in", f"{name}.csr", "-out", f"{name}.pem")
    openssl(folder, "x509", "-req", *LONG, f"-{md}", *words)
    return _read(folder, name)


def openssl(folder: Path, *words: str, data: bytes = b"") -> bytes:
    """The output of openssl, run in ``folder`` with ``data`` as input; raises Unavailable without it."""
    if shutil.which("openssl") is None:
        raise Unavailable("no openssl (package openssl)")
    return subprocess.run(["openssl", *words], cwd=folder, input=data, capture_output=True, check=True).stdout


def _read(folder: Path, name: str) -> Identity:
    return Identity(folder, name, openssl(folder, "x509", "-in", f"{name}.pem", "-outform", "DER"))
