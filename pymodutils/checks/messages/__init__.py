"""Causes as findings, each with a message and advice: one function per kind."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from pymodutils.checks.messages import build, file, signatures, symbols
from pymodutils.kernel.emulated.load.causes import Cause, CauseKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pymodutils.checks.context import Context
    from pymodutils.checks.verdict import Finding

    Message = Callable[[Context, Sequence[Cause]], Iterator[Finding]]

MESSAGES: Final[dict[CauseKind, Message]] = {  # in the order of findings
    CauseKind.MACHINE: build.machine,
    CauseKind.UNSIGNED: signatures.unsigned,
    CauseKind.UNKNOWN_KEY: signatures.unknown_key,
    CauseKind.CRYPTO: signatures.crypto,
    CauseKind.SIGNATURE: signatures.broken,
    CauseKind.COMPRESSION: file.compression,
    CauseKind.OTHER: file.other,
    CauseKind.VERMAGIC: build.vermagic,
    CauseKind.STRUCT_MODULE: build.struct_module,
    CauseKind.CRC: build.crc,
    CauseKind.UNVERSIONED: build.unversioned,
    CauseKind.LIVEPATCH: build.livepatch,
    CauseKind.BUILTIN: file.builtin,
    CauseKind.PRESENT: file.present,
    CauseKind.WRITE_EXEC: file.write_exec,
    CauseKind.NO_CRCS: build.no_crcs,
    CauseKind.NO_FLAGS: build.no_flags,
    CauseKind.GPL_ONLY: symbols.gpl_only,
    CauseKind.NAMESPACE: symbols.namespace,
    CauseKind.MODULE_NAMESPACE: symbols.module_namespace,
    CauseKind.PROPRIETARY: symbols.proprietary,
    CauseKind.UNKNOWN: symbols.unknown,
    CauseKind.RELOCATION: file.relocation,
    CauseKind.DUPLICATE: symbols.duplicate,
    CauseKind.PARAMETER: file.parameter,
}


def errors(context: Context, causes: Iterable[Cause]) -> Iterator[Finding]:
    """The findings for the refusing ones of ``causes``, grouped by kind, in the order of MESSAGES."""
    order = list(MESSAGES)
    refusing = dict.fromkeys(cause for cause in causes if not cause.passes)
    listed = sorted(refusing, key=lambda cause: order.index(cause.kind))
    for kind, group in groupby(listed, key=lambda cause: cause.kind):
        yield from MESSAGES[kind](context, list(group))
