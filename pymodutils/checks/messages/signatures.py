"""Messages about signatures: missing, by an unknown key, of an unsupported kind, or invalid.

Every kernel that verifies signatures refuses an invalid one; the others are refused only if enforced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.checks.context import some
from pymodutils.checks.rule_type import Severity
from pymodutils.checks.rules import Rule
from pymodutils.checks.verdict import Finding
from pymodutils.depends.module_info import opened
from pymodutils.errors import ModutilsError
from pymodutils.signature import fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.context import Context
    from pymodutils.kernel.emulated.load.causes import Cause
    from pymodutils.signature.fields import CertificateName, Signature

SIGN: Final = "scripts/sign-file sha256 KEY CERT MODULE"
TAINTED: Final = "it loads and taints the kernel (E), but is refused under lockdown (Secure Boot)"


def unsigned(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A missing signature."""
    text = f"it is not signed: {_consequence(causes[0])}"
    del context
    advice = f"sign it with a key that the kernel trusts, or enrol yours: {SIGN}; mokutil --import CERT"
    yield Finding(Rule.UNSIGNED, _severity(causes[0], Severity.NOTE), "", text, advice)


def unknown_key(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A signature by a key that the kernel does not trust."""
    found = _signature(context)
    known = list(filter(None, map(fields.certificate, context.target.kernel.keys)))
    has = some([_shown(it.subject, it.serial) for it in known])
    keys = f"the kernel's keys are {has}" if known else "the kernel's keys are unknown"
    text = f"it is signed by {_by(found)}, which the kernel does not trust: {keys}; {_consequence(causes[0])}"
    severity = _severity(causes[0], Severity.WARNING if known else Severity.NOTE)
    signer = found.signer if found else ""
    yield Finding(Rule.UNKNOWN_KEY, severity, signer, text, _key_for(context, signer, known))


def _key_for(context: Context, signer: str, known: Sequence[CertificateName]) -> str:
    """Advice for a key that is not among those ``known``."""
    again = f"sign it with a key that the kernel trusts: {SIGN}"
    if not known:
        return "add the kernel's image (SOURCE,SOURCE), or give the certificate that it trusts: --trust CERT"
    if signer in [it.issuer for it in known]:
        return (
            f"{context.release} has a different key of the same name: use the module of its build, or {again}"
        )
    return f"enrol its certificate (mokutil --import CERT; here: --trust CERT), or {again}"


def crypto(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """An algorithm that the kernel lacks."""
    del context
    cause = causes[0]
    text = f"the kernel cannot verify its signature: {cause.found}; {_consequence(cause)}"
    yield Finding(Rule.CRYPTO, _severity(cause, Severity.WARNING), "", text, f"sign it again: {SIGN}")


def broken(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """A signature that is malformed or does not match the file."""
    found = _signature(context)
    by = f" by {_by(found)}" if found else ""
    refused = "is invalid, and every kernel that verifies signatures refuses it"
    text = f"its signature{by} {refused}: {causes[0].found}"
    advice = f"sign it after the last change to the file (strip, objcopy): {SIGN}; or fetch it again"
    yield Finding(Rule.SIGNATURE, Severity.ERROR, found.signer if found else "", text, advice)


def _severity(cause: Cause, mild: Severity) -> Severity:
    return mild if cause.passes else Severity.ERROR


def _consequence(cause: Cause) -> str:
    return TAINTED if cause.passes else f"{cause.expected}, so it is refused"


def _signature(context: Context) -> Signature | None:
    """The signature as modinfo shows it; None if there is none or the file cannot be read."""
    try:
        with opened(context.module.path) as elf:
            return fields.find(elf)
    except ModutilsError:
        return None


def _by(found: Signature | None) -> str:
    return _shown(found.signer, found.key) if found else "a key without a certificate"


def _shown(name: str, serial: bytes) -> str:
    return f"{name} (sig_key {serial.hex(':').upper()})"
