"""insmod's own messages; those of kernels are tested in tests/lanes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pymodutils.commands.insmod import quoted


def insmod(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pymodutils", "insmod", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "missing filename."),
        (("-",), "this tool does not support loading from stdin!"),
        (("/nosuch.ko",), "could not load module /nosuch.ko: No such file or directory"),
        (("/etc/passwd/",), "could not load module /etc/passwd/: Not a directory"),
        (("/etc/",), "could not load module /etc/: No such file or directory"),
        (("/etc",), "could not insert module /etc: Is a directory"),
    ],
)
def test_what_no_kernel_is_asked_for(words: tuple[str, ...], text: str) -> None:
    done = insmod(*words)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"insmod: ERROR: {text}\n")


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        ("a=b", "a=b"),
        ("a=b c", 'a="b c"'),
        ('a="b c"', 'a="b c"'),
        ("a b", "a b"),
        ("a=b c=d", 'a="b c=d"'),
        ("", ""),
    ],
)
def test_a_value_with_blanks_stays_one_word(typed: str, passed: str) -> None:
    assert quoted(typed) == passed
