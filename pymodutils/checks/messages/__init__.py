"""Causes as findings, each with a message and advice: one function per kind."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from pymodutils.checks.messages import build, file, signatures, symbols
from pymodutils.kernel.emulated.load.causes import Cause, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pymodutils.checks.context import Context
    from pymodutils.checks.verdict import Finding

    Message = Callable[[Context, Sequence[Cause]], Iterator[Finding]]

MESSAGES: Final[dict[Kind, Message]] = {  # in the order of findings
    Kind.MACHINE: build.machine,
    Kind.UNSIGNED: signatures.unsigned,
    Kind.UNKNOWN_KEY: signatures.unknown_key,
    Kind.CRYPTO: signatures.crypto,
    Kind.SIGNATURE: signatures.broken,
    Kind.COMPRESSION: file.compression,
    Kind.OTHER: file.other,
    Kind.VERMAGIC: build.vermagic,
    Kind.STRUCT_MODULE: build.struct_module,
    Kind.CRC: build.crc,
    Kind.UNVERSIONED: build.unversioned,
    Kind.LIVEPATCH: build.livepatch,
    Kind.BUILTIN: file.builtin,
    Kind.PRESENT: file.present,
    Kind.WRITE_EXEC: file.write_exec,
    Kind.NO_CRCS: build.no_crcs,
    Kind.NO_FLAGS: build.no_flags,
    Kind.GPL_ONLY: symbols.gpl_only,
    Kind.NAMESPACE: symbols.namespace,
    Kind.MODULE_NAMESPACE: symbols.module_namespace,
    Kind.PROPRIETARY: symbols.proprietary,
    Kind.UNKNOWN: symbols.unknown,
    Kind.RELOCATION: file.relocation,
    Kind.DUPLICATE: symbols.duplicate,
    Kind.PARAMETER: file.parameter,
}


def errors(context: Context, causes: Iterable[Cause]) -> Iterator[Finding]:
    """The findings for those of ``causes`` that refuse, those of one kind together, in MESSAGES' order."""
    order = list(MESSAGES)
    refusing = dict.fromkeys(cause for cause in causes if not cause.passes)
    listed = sorted(refusing, key=lambda cause: order.index(cause.kind))
    for kind, group in groupby(listed, key=lambda cause: cause.kind):
        yield from MESSAGES[kind](context, list(group))
