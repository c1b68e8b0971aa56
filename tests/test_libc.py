"""fnmatch and regcomp of the C library, always in the C locale."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from pymodutils import libc

PATTERNS = [
    ("pci:v*d*sv*sd*bc06sc04i00*", "pci:v00008086d00001234sv00000000sd00000000bc06sc04i00", True),
    ("usb:v0ACEp[!0-9]*", "usb:v0ACEpA011", True),
    ("usb:v0ACEp[^0-9]*", "usb:v0ACEp5011", False),
    ("dmi*:svn*:pn*", "dmi:bvnX:svnY:pnZ", True),
    ("a[", "a[", True),
    ("a[b", "a[b", True),
    ("[]a]*", "]x", True),
    ("[a-]", "-", True),
    ("[z-a]", "b", False),
    ("[[:alpha:]]", "f", True),
    ("[[:foo:]]", "f", False),
    ("[[=b=]]", "b", True),
    ("a\\", "a\\", False),
    ("\\*a", "*a", True),
    ("*a*b", "aXbXaXc", False),
    ("*/x", "a/b/x", True),
    ("*", ".hidden", True),
    ("??", "é", True),
    ("?", "é", False),
    ("[[:alpha:]]*", "é", False),
    ("???", "é\udcff", True),
    ("plain", "plain", True),
    ("plain", "plain1", False),
    ("", "", True),
]
EXPRESSIONS = [
    ("6.1", "6.1.42-2-uml", True),
    ("^1", "6.1.42-2-uml", False),
    ("uml$", "6.1.42-2-uml", True),
    ("[[:digit:]]+-[a-z]", "6.1.42-uml", True),
    ("(5|6)\\.1\\.", "6.1.42", True),
    ("6{1}", "6{1}", True),
    ("6{2}", "6.1.42", False),
    ("\\<uml\\>", "6.1-uml", True),
    ("^.$", "é", False),
    ("^..$", "é", True),
    ("(", "(", False),
    ("[", "[", False),
    ("[[:nosuch:]]", "6", False),
]


@pytest.mark.parametrize(("pattern", "text", "matched"), PATTERNS)
def test_fnmatch_in_the_c_locale(pattern: str, text: str, matched: bool) -> None:
    assert libc.matches(pattern, text) is matched


@pytest.mark.parametrize(("pattern", "text", "matched"), EXPRESSIONS)
def test_regcomp_in_the_c_locale(pattern: str, text: str, matched: bool) -> None:
    assert libc.regex_search(pattern, text) is matched


def test_many_stars_end_soon() -> None:
    assert not libc.matches("*a" * 50 + "b", "a" * 2000)


def said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_plain_words_do_without_ctypes() -> None:
    code = "import sys; from pymodutils import libc; libc.matches('a', 'b'); print('ctypes' in sys.modules)"
    assert said(code) == "False\n"


def test_the_users_locale_stays() -> None:
    code = r"""
import locale
from pymodutils import libc
locale.setlocale(locale.LC_ALL, "C.UTF-8")
print(libc.matches("??", "\xe9"), libc.matches("?", "\xe9"), libc._library().fnmatch(b"?", b"\xc3\xa9", 0))
"""
    assert said(code) == "True False 0\n"


def test_a_system_call_answers_its_errno() -> None:
    assert libc.syscall(-1) == errno.ENOSYS
