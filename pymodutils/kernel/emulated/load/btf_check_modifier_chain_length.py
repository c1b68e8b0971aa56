"""Chains of modifiers in a BTF that never end or lead nowhere; btf.c: btf_check_modifier_chain_length."""

from __future__ import annotations

from errno import ELOOP
from typing import TYPE_CHECKING, Final

from pymodutils.kernel.emulated.load.btf import MODIFIERS, BadBtf, BtfKind

if TYPE_CHECKING:
    from pymodutils.kernel.emulated.load.btf import SplitBtf, Type

CHAIN: Final = 32  # modifiers of a type


def check_chains(btf: SplitBtf, types: list[Type], *, ordered: bool) -> None:
    """Refuse modifiers of modifiers that never end, or lead nowhere.

    ``ordered``: type tags have to come before all other modifiers.
    """
    start = types[0].number if types else 0
    good = start - 1
    for one in types:
        if btf.kind(one.info) in MODIFIERS:
            _chain(btf, types, one, good, ordered)
            good = one.number


def _chain(btf: SplitBtf, types: list[Type], one: Type, good: int, ordered: bool) -> None:
    """Follow the modifiers from ``one`` on, down to types up to ``good``, which are good."""
    start, tags = types[0].number, True
    for _ in range(CHAIN):
        is_tag = btf.kind(one.info) == BtfKind.TYPE_TAG
        if ordered and is_tag and not tags:
            raise BadBtf("Type tags don't precede modifiers")
        tags = is_tag
        if one.number <= good:
            return
        number = one.size
        if number >= btf.count:
            raise BadBtf
        if number < start:
            return
        one = types[number - start]
        if btf.kind(one.info) not in MODIFIERS:
            return
    raise BadBtf("Max chain length or cycle detected", errno=ELOOP)
