"""Modules in real MIPS kernels: layout, memory, and messages for damaged relocations."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from errno import EINVAL, ENOEXEC
from typing import NamedTuple

import pytest

from pymodutils.elf import compress
from pymodutils.elf.constants import SHT_REL, SHT_RELA
from pymodutils.link.failure import LinkError
from pymodutils.link.object import Object
from tests.arch.running import constant, imports, linked, modules, patched
from tests.lanes.malta import MALTA, Malta, dump, run
from tests.link.modules import load

MODULES = "crc16 crc7 fat vfat nls_utf8 dummy mbcache jbd2 ext4 loop tun sunrpc"
SYMBOLS = """awk 'FNR==NR {w[$1]=1; next} ($3 in w) {print "@ symbol", $1, $3}' /m/symbols /proc/kallsyms"""


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("malta", MALTA, ids=lambda malta: malta.name)
def test_memory_is_as_we_link_it(malta: Malta) -> None:
    found = {
        name: load(compress.read(str(modules(malta.name)[name])), malta.arch, name)
        for name in MODULES.split()
    }
    said = loaded(malta, found)
    symbols = {words[2]: int(words[1], 16) for words in said if words[0] == "symbol"}
    lives = {words[1]: (int(words[2]), int(words[6], 16)) for words in said if words[0] == "module"}
    theirs = {(words[1], words[2]): words[3:] for words in said if words[0] == "section"}
    assert set(lives) == set(found)
    for name, module in found.items():
        size, base = lives[name]
        image = linked(module, base, symbols)
        assert image.layout.coresize == size
        changed = patched(image, symbols)
        for at in constant(module):
            section = module.sections[at].name
            if (name, section) in theirs:
                address, content = theirs[name, section]
                assert int(address, 16) == image.addresses[at]
                differing = differences(image.addresses[at], bytes.fromhex(content), bytes(image.section(at)))
                assert differing <= changed, (name, section)
    assert len(theirs) > 80


def loaded(malta: Malta, found: Mapping[str, Object]) -> list[list[str]]:
    """The state of a kernel after loading the modules ``found``: their imports and sections."""
    script = [f"insmod /m/{name}.ko" for name in found]
    script += ["sed 's/^/@ module /' /proc/modules", SYMBOLS]
    for name, module in found.items():
        sections = [module.sections[at] for at in constant(module)]
        script += [dump(malta, name, section.name, str(section.sh_size)) for section in sections]
    files = {f"{name}.ko": bytes(module.data) for name, module in found.items()}
    wanted = set().union(*map(imports, found.values()))
    return run(malta, "\n".join(script), {**files, "symbols": "\n".join(wanted).encode()})


VICTIM, CASES = "mbcache", 300
NUMBERS = (0, 2, 4, 5, 6, 10, 60, 61, 7, 199)
WIDE = (18, 28, 29)  # in REL sections the kernel warns of them, with a trace
NOISE = (
    "module verification failed",
    "loading out-of-tree",
    "spurious 8259A interrupt",
    "clocksource: ",
    "random: ",
)
LOOP = f"""
for n in $(seq 0 {CASES - 1}); do
    dmesg -c >/dev/null
    insmod /m/$n.ko 2>/dev/null
    echo "@ status $n $?"
    dmesg -c | sed "s/^\\[[^]]*\\] /@ log $n /"
    [ -d /sys/module/{VICTIM} ] || continue
    echo "@ loaded $n $(grep ^{VICTIM} /proc/modules)"
    DUMP
    rmmod {VICTIM}
done
"""


class Records:
    """The relocations of section ``name`` of a little-endian MIPS module, to be changed."""

    def __init__(self, module: Object, data: bytearray, name: str) -> None:
        self.data, self.wide = data, module.arch.bits == 64
        self.target = module.sections[module.find(name)]
        self.size = 24 if self.wide else 8
        kinds = (SHT_REL, SHT_RELA)
        self.header = next(
            one for one in module.sections if one.sh_type in kinds and one.sh_info == module.find(name)
        )

    def __len__(self) -> int:
        return self.header.sh_size // self.size

    def put(self, record: int, at: int, content: bytes) -> None:
        start = self.header.sh_offset + record * self.size + at
        self.data[start : start + len(content)] = content

    def number(self, record: int, number: int) -> None:
        self.put(record, 15 if self.wide else 4, bytes([number]))

    def symbol(self, record: int, symbol: int) -> None:
        self.put(record, 8 if self.wide else 5, symbol.to_bytes(3, "little"))

    def offset(self, record: int) -> int:
        start = self.header.sh_offset + record * self.size
        return int.from_bytes(self.data[start : start + 4], "little")

    def addend(self, record: int, content: bytes) -> None:
        """Write two bytes of it, in the record or the instruction."""
        if self.wide:
            self.put(record, 16, content)
            return
        place = self.target.sh_offset + self.offset(record)
        self.data[place : place + len(content)] = content


def damaged(module: Object, chance: random.Random) -> bytes:
    """The module with one relocation of its text changed.

    Without init and exit: the relocations of the pointers to them are R_MIPS_NONE.
    """
    data = bytearray(module.data)
    pointers = Records(module, data, ".gnu.linkonce.this_module")
    for record in range(len(pointers)):
        pointers.number(record, 0)
    text = Records(module, data, ".text")
    record = chance.randrange(len(text))
    match chance.randrange(5):
        case 0 | 1:
            text.number(record, chance.choice(NUMBERS + WIDE * text.wide))
        case 2:
            text.symbol(record, chance.randrange(len(module.symbols)))
        case 3:
            taken = {text.offset(one) for one in range(len(text))}
            free = sorted(set(range(0, text.target.sh_size - 12, 4)) - taken - {at - 4 for at in taken})
            text.put(record, 0, (chance.choice(free) + chance.choice((0, 0, 2))).to_bytes(4, "little"))
        case _:
            text.addend(record, chance.randbytes(2))
    return bytes(data)


@pytest.mark.slow
@pytest.mark.lane
@pytest.mark.parametrize("malta", MALTA, ids=lambda malta: malta.name)
def test_verdicts_on_damaged_relocations(malta: Malta) -> None:
    data = compress.read(str(modules(malta.name)[VICTIM]))
    module = load(unsigned(data), malta.arch, VICTIM)
    chance = random.Random(malta.name)  # noqa: S311 -- cases, not secrets
    cases = [damaged(module, chance) for _ in range(CASES)]
    size = module.sections[module.find(".text")].sh_size
    script = SYMBOLS + LOOP.replace("DUMP", dump(malta, VICTIM, ".text", str(size)))
    files = {f"{at}.ko": data for at, data in enumerate(cases)}
    said = run(malta, script, {**files, "symbols": "\n".join(imports(module)).encode()})
    answers = Answers.of(said)
    seen: Counter[int] = Counter()
    for at, data in enumerate(cases):
        damage = load(data, malta.arch, VICTIM)
        base = answers.bases.get(at, max(answers.bases.values()))
        seen[answers.statuses[at]] += 1
        if answers.statuses[at]:
            with pytest.raises(LinkError) as failure:
                linked(damage, base, answers.symbols)
            assert failure.value.errno == answers.statuses[at]
            assert [*failure.value.log * 2] == answers.logs[at]  # busybox tries finit_module and init_module
            continue
        assert answers.logs[at] == []
        image, text = linked(damage, base, answers.symbols), damage.find(".text")
        differing = differences(image.addresses[text], answers.texts[at], bytes(image.section(text)))
        assert differing <= patched(image, answers.symbols)
    assert set(seen) == {0, ENOEXEC, EINVAL}


def differences(address: int, one: bytes, other: bytes) -> set[int]:
    """The addresses at which two contents of the memory at ``address`` differ."""
    return {address + at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b}


def unsigned(data: bytes) -> bytes:
    """The module without its signature, which damage would invalidate."""
    assert data.endswith(b"~Module signature appended~\n")
    return data[: -40 - int.from_bytes(data[-32:-28], "big")]


class Answers(NamedTuple):
    """The kernel's messages by case number."""

    symbols: dict[str, int]
    statuses: dict[int, int]
    logs: dict[int, list[str]]
    bases: dict[int, int]
    texts: dict[int, bytes]

    @classmethod
    def of(cls, said: list[list[str]]) -> Answers:
        answers = cls({}, {}, defaultdict(list), {}, {})
        latest = 0
        for kind, *words in said:
            if kind == "symbol":
                answers.symbols[words[1]] = int(words[0], 16)
            elif kind == "status":
                answers.statuses[int(words[0])] = int(words[1])
            elif kind == "log" and not any(noise in " ".join(words) for noise in NOISE):
                answers.logs[int(words[0])].append(" ".join(words[1:]))
            elif kind == "loaded":
                latest = int(words[0])
                answers.bases[latest] = int(words[6], 16)
            elif kind == "section":
                answers.texts[latest] = bytes.fromhex(words[3])
        return answers
