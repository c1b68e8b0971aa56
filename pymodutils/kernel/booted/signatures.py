"""Signatures and digests of modules, computed by the host: in the machine, they take most of a load.

Only valid signatures are answered here; the kernel verifies others itself, for its own messages and errors.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from pymodutils.elf.ctype import Struct
from pymodutils.kernel.booted import values
from pymodutils.signature import verify
from pymodutils.signature.appended import END

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymodutils.kernel.booted.host import Host

VERIFIES: Final = "verify_pkcs7_signature"  # certs/system_keyring.c: data, len, raw_pkcs7, pkcs7_len, ...
DIGESTS: Final = "crypto_shash_finup"  # crypto/shash.c: desc, data, len, out
DESCRIPTION, STATE = "struct shash_desc", "struct sha256_state"
CONTEXT, ALGORITHM = "__ctx", "__crt_alg"  # their members
SHA256: Final = "sha256"


class HostVerifier:
    """The host computes digests, and verifies signatures by ``keys``, certificates in DER, for ``kernel``."""

    def __init__(self, kernel: Host, keys: Sequence[bytes]) -> None:
        self.kernel, self.keys = kernel, keys
        kinds = [kernel.btf.named(name) if kernel.btf else None for name in (DESCRIPTION, STATE)]
        self._kinds = [kind for kind in kinds if isinstance(kind, Struct)]
        self.attach()

    def attach(self) -> None:
        """Watch the processor that the machine has now."""
        self._watch(VERIFIES, self._verifies)
        if len(self._kinds) > 1:
            self._watch(DIGESTS, self._digests)

    def _watch(self, name: str, call: Callable[[], None]) -> None:
        address = self.kernel.guest.lookup(name)
        if address:
            self.kernel.guest.machine.cpu.watch(address, call)

    def _verifies(self) -> None:
        """At the start of a verification: answer if the signature is valid."""
        machine = self.kernel.guest.machine
        data, size, message, length = machine.arguments(4)
        if message != data + size:
            return  # not appended: not of a module
        image = machine.space.read(data, size + length + END)
        if not verify.check(image, self.keys).errno:
            machine.cpu.leave(0)

    def _digests(self) -> None:
        """At the start of the final digest: answer if it is SHA-256 of all data."""
        machine = self.kernel.guest.machine
        address, data, size, out = machine.arguments(4)
        description, state = self._kinds
        begun = values.KernelObject(machine.space, state, address + description.fields[CONTEXT].offset)
        base = values.KernelObject(machine.space, description, address).tfm.base
        if getattr(base, ALGORITHM).cra_name == SHA256 and not begun.count:
            machine.space.write(out, hashlib.sha256(machine.space.read(data, size)).digest())
            machine.cpu.leave(0)
