"""Parameter lines for every.c, written and generated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

NUMBERS = ("a_byte", "a_short", "a_ushort", "an_int", "a_uint", "a_long", "a_ulong", "a_ullong", "a_hexint")
TRUTHS = ("a_bool", "an_invbool", "a_bint", "once", "by_hand")
ARRAYS = ("ints", "shorts", "charps", "bools", "ullongs")
STRINGS = ("a_charp", "a_null", "a_string", "no_room", "own")
OTHERS = ("hidden", "read_only", "write_only", "dangerous", "an_irq", "with_underscore_s", "unseen")
NAMES = (*NUMBERS, *TRUTHS, *ARRAYS, *STRINGS, *OTHERS)  # not ``fixed``: setting it kills the kernel

EDGES = [
    sign + str(2**bits + more)
    for bits in (7, 8, 15, 16, 31, 32, 63, 64)
    for more in (-1, 0, 1)
    for sign in ("", "-")
]
NUMERALS = (
    *("0", "1", "-1", "+1", "+-1", "-+1", "--1", "", "-", "+", "0x", "0x1f", "0X1F", "-0x10", "0xg"),
    *("017", "08", "09", "0b1", "1 ", "1k", "1_0", "00000000000000000000000000000012"),
    *("0x00000000000000000ff", "1,2", "1777777777777777777777", "01777777777777777777777"),
    *("02000000000000000000000", "0x1ffffffffffffffff", "1\n", "1\n\n", "\n1", '"1"', '"1', '1"', "abc"),
    *("\xff", "18446744073709551616x", "99999999999999999999999"),
)
WORDS = (
    *("y", "Y", "n", "N", "t", "T", "f", "F", "1", "0", "on", "off", "ON", "oFF", "o", "ox", "yes", "no"),
    *("2", "true", "false", "", "-", "10", "01", '"y"', "e", "enable", "d", "disabled"),
)
LISTS = (
    *("1", "1,2", "1,2,3", "1,2,3,4", "1,2,3,4,5", ",", "1,", ",1", "1,,2", "x", "1,x", "1,x,3", "70000"),
    *("1,70000", "y,n", "y", "y,n,y", "0x10,010", "a,b,c", "a,b,c,d", "", ",,", ",,,", '"a b,c"'),
    *('"a","b"', "1, 2", "18446744073709551615,18446744073709551616", "-1,-2"),
)
TEXTS = (
    *("short", "", "123456789", "1234567890", "x" * 1023, "x" * 1024, "x" * 1025, '"two words"', '"'),
    *('""', '"""', '"a"b', 'a"b c"d', "a=b", "=", "==", "\\x41", "%s%d", "tab\there", '"tab\there"'),
    *("new\nline", "\xa0", "\xe9\xfc", "a,b", "a'b c'", "--", '"--"'),
)
WHOLE = (
    *("", " ", "   an_int=3   ", "--", "-- an_int=3", "an_int=3 -- a_byte=4 -- x", "an_int=x -- rest"),
    *('"--"', "--x", "--=1", "an_int", "a_bool", "an_invbool", "a_charp", "ints", "own", "a_bint"),
    *("once", "by_hand", "dangerous", "=", "=1", "==", "=x=y", '"', '""', '"=', '" "', '"an_int=4"'),
    *('"an_int=4', 'an_int="4"', '"an_int"=4', "an_int=4", '"an_int"="4"', '"an_int="4'),
    *('a_charp="a b" an_int=5', 'a_charp="a b', '"a_charp=a b" an_int=5', "An_Int=3", "an-int=5"),
    *("with-underscore-s=7", "with-underscore_s=8", "with_underscore_s=9", "nosuch", "nosuch=1"),
    *("nosuch=", "every.an_int=4", "x.y=1", "x.y.z", ".y", "x.", "dyndbg", "dyndbg=+p"),
    *("every.dyndbg=+p", "x.dyndbg", "dyndbgs=1", "async_probe", "async_probe=0", "async_probe=x"),
    *("async-probe", "an_int=1 an_int=2", "an_int=1 an_int=x", "an_int=x an_int=1"),
    *("an_int=x a_charp=" + "y" * 1025, "a_charp=" + "y" * 1025 + " an_int=x", "a_byte=300 nosuch"),
    *("an_int=3\tan_short=4\na_byte=5\va_uint=6\fa_long=7\ra_ulong=8", "an_int=3\xa0a_byte=5"),
    *("\xa0an_int=3\xa0", "a_charp=one a_charp=two", "a_string=1 a_string=12345678901"),
    *("nosuch=" + "z" * 1200, "dangerous=2 dangerous=x", "an_irq=5", "once=1 once=0", "once=0"),
    *("a_charp=a'b", "a_charp=\xff\xfe", "hidden=5", "read_only=5", "write_only=6"),
    *("an_int=9223372036854775808", "ints=1,2,3,4,5 shorts=1,2,3,4", "bools=1,1,1"),
    *("charps=" + "c" * 1025, "a=b=c d", 'charps="a b","c d"', "charps=,x,", "ints=9 count=1"),
    *("unseen=4", "unseen=x", "an_int= 5", "an_int =5", "x" * 3000),
)


def made(count: int, seed: int = 1) -> Iterator[str]:
    """``count`` lines of one to four words, always the same ones."""
    random = Random(seed)  # noqa: S311 -- not for secrets
    for _ in range(count):
        separator = random.choice((" ", " ", " ", "  ", "\t", "\n"))
        yield separator.join(word(random) for _ in range(random.choice((1, 1, 1, 2, 3, 4))))


def word(random: Random) -> str:
    """One word, mostly valid."""
    name = random.choice(NAMES)
    value = value_for(name, random)
    if random.random() < 0.1:
        name = random.choice((name.replace("_", "-"), name.upper(), f"{name}x", f"every.{name}", f'"{name}'))
    if random.random() < 0.05:
        return name
    return f'{name}="{value}"' if random.random() < 0.15 else f"{name}={value}"


def value_for(name: str, random: Random) -> str:
    """A valid or invalid value for ``name``."""
    kinds = {NUMBERS: (*NUMERALS, *EDGES), TRUTHS: WORDS, ARRAYS: LISTS, STRINGS: TEXTS}
    own = next((values for names, values in kinds.items() if name in names), NUMERALS)
    if random.random() < 0.1:
        own = random.choice(list(kinds.values()))
    return random.choice(own)


def writes() -> Iterator[tuple[str, str]]:
    """Files and the texts written to them, in order."""
    random = Random(2)  # noqa: S311 -- not for secrets
    for name in (*NAMES, "fixed", "nosuch"):
        for _ in range(6):
            value = value_for(name, random)
            yield name, value + random.choice(("", "\n", "\n"))
    yield from [
        ("once", "1"),
        ("once", "0\n"),
        ("once", "1\n"),
        ("a_charp", "x" * 5000),
        ("a_string", "9\0rest"),
    ]
    yield from [
        ("an_int", "5\0garbage"),
        ("an_int", " 5"),
        ("fixed", "5"),
        ("dangerous", "7"),
        ("a_charp", "\0"),
    ]
    yield from [("ints", "1,2,3,4,5\n"), ("ints", "6,x\n"), ("charps", "x\n"), ("charps", ",,\n")]


KINDS = ("byte", "short", "ushort", "int", "uint", "long", "ulong", "ullong", "hexint")
GOOD = {
    **dict.fromkeys(KINDS, ("1", "0x10", "017")),
    **dict.fromkeys(("bool", "invbool", "bint", "bool_enable_only"), ("y", "N", "1", "off")),
    "charp": ("text", '"two words"', ""),
    "string": ("x", ""),
}


def for_kinds(kinds: Iterable[tuple[str, str]], random: Random, errors: float) -> str:
    """A line that sets each of ``kinds`` (names with kinds), with some invalid words."""
    found = []
    for name, kind in kinds:
        values = GOOD[kind.removeprefix("array of ")]
        bad = random.random() < errors
        value = random.choice((*NUMERALS, *WORDS)) if bad else random.choice(values)
        found.append(f"{name}={value}" if "\n" not in value else f'{name}="{value}"')
    return " ".join(found)
