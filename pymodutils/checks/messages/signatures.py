"""Words for signatures: missing, by a key that the kernel does not have, of an unknown kind, or broken.

Only a broken one is refused by every kernel; for the others it must insist, else it loads them with a taint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymodutils.checks.context import some
from pymodutils.checks.rules import Rule, Severity
from pymodutils.checks.verdict import Finding
from pymodutils.depends.module_info import opened
from pymodutils.errors import ModutilsError
from pymodutils.signature import fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymodutils.checks.context import Context
    from pymodutils.kernel.emulated.load.causes import Cause
    from pymodutils.signature.fields import Certificate, Signature

NOT_TOLD: Final = "no source tells which keys it has"
SIGN: Final = "scripts/sign-file sha256 KEY CERT"
TAINTED: Final = "it loads and taints the kernel (E), but one that is locked down (Secure Boot) refuses it"


def unsigned(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """There is no signature."""
    text = f"it is not signed: {_consequence(causes[0])}"
    advice = (
        f"sign it with a key that the kernel has, or enrol yours: {_sign(context)}; mokutil --import CERT"
    )
    yield Finding(Rule.UNSIGNED, _severity(causes[0], Severity.NOTE), "", text, advice)


def unknown_key(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """Another key made it than those that the kernel has."""
    found = _signature(context)
    known = list(filter(None, map(fields.certificate, context.target.kernel.keys)))
    has = some([_shown(it.subject, it.serial) for it in known])
    text = f"it is signed by {_by(found)}, which the kernel does not have: "
    text += f"{f'it has {has}' if known else NOT_TOLD}; {_consequence(causes[0])}"
    severity = _severity(causes[0], Severity.WARNING if known else Severity.NOTE)
    signer = found.signer if found else ""
    yield Finding(Rule.UNKNOWN_KEY, severity, signer, text, _key_for(context, signer, known))


def _key_for(context: Context, signer: str, known: Sequence[Certificate]) -> str:
    """What to do about a key that is none of those ``known``."""
    again = f"sign it with a key that the kernel has: {_sign(context)}"
    if not known:
        return "add the kernel's image (SOURCE,SOURCE), or say which key it trusts: --trust CERT"
    if signer in [it.issuer for it in known]:
        return (
            f"a key of that name, but another build's: take the file of {context.release} itself, or {again}"
        )
    return f"enrol its certificate (mokutil --import CERT; here: --trust CERT), or {again}"


def crypto(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """The kernel cannot tell whether it is right."""
    cause = causes[0]
    text = f"its signature is of a kind that the kernel does not know: {cause.said}; {_consequence(cause)}"
    yield Finding(Rule.CRYPTO, _severity(cause, Severity.WARNING), "", text, f"sign it: {_sign(context)}")


def broken(context: Context, causes: Sequence[Cause]) -> Iterator[Finding]:
    """It is not that of the file."""
    found = _signature(context)
    by = f" by {_by(found)}" if found else ""
    text = f"its signature{by} is broken, which no kernel takes that looks at them: {causes[0].said}"
    advice = (
        f"sign it after the last change to the file (strip, objcopy): {_sign(context)}; or fetch it again"
    )
    yield Finding(Rule.SIGNATURE, Severity.ERROR, found.signer if found else "", text, advice)


def _severity(cause: Cause, mild: Severity) -> Severity:
    return mild if cause.passes else Severity.ERROR


def _consequence(cause: Cause) -> str:
    return TAINTED if cause.passes else f"{cause.wanted}, so it is refused"


def _sign(context: Context) -> str:
    return f"{SIGN} {context.module.name}.ko"


def _signature(context: Context) -> Signature | None:
    """Who signed the module, as far as modinfo could tell."""
    try:
        with opened(context.module.path) as elf:
            return fields.find(elf)
    except ModutilsError:
        return None


def _by(found: Signature | None) -> str:
    return _shown(found.signer, found.key) if found else "a key that it does not name by a certificate"


def _shown(name: str, serial: bytes) -> str:
    return f"{name} (sig_key {serial.hex(':').upper()})"
