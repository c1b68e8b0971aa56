"""Function and line of a refused symbol, in every output, on modules built by gcc."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.made import Desk
from tests.kernel.emulated.modules import EXIT_AT, EXPORTS, INIT_AT, KERNEL_TEXT, MAGIC, STRUCT

FORMATS = ("text", "json", "sarif", "github", "html", "markdown", "junit")
FAR = EXPORTS["_printk"]._replace(address=0x1234_5678_0000, crc=0x44)
SOURCE = f"""
#define SECTION(name) __attribute__((section(name), used))
extern int _printk(const char *, ...);
extern void gpl_only(void);
extern char far_away[];
static const char info[] SECTION(".modinfo") = "license=" LICENCE "\\0name=" NAME "\\0vermagic={MAGIC}";
static const struct {{ unsigned long crc; char name[56]; }} versions[] SECTION("__versions") = {{
	{{ {EXPORTS["module_layout"].crc}, "module_layout" }}, {{ PRINTK, "_printk" }},
	{{ {EXPORTS["gpl_only"].crc}, "gpl_only" }}, {{ {FAR.crc}, "far_away" }},
}};
static int __attribute__((noinline)) helper(const char *text)
{{
	return _printk(text) + 1; /* crc */
}}
static int SECTION(".init.text") hello_init(void)
{{
	int length = helper("hello");
#ifdef GPL
	gpl_only(); /* gpl-only */
#endif
#ifdef OVERFLOW
	length += _printk(far_away); /* relocation */
#endif
	return length;
}}
static void hello_exit(void)
{{
}}
static struct {{
	char state[24], name[{INIT_AT - 24}];
	int (*init)(void);
	char middle[{EXIT_AT - INIT_AT - 8}];
	void (*exit)(void);
	char rest[{STRUCT - EXIT_AT - 8}];
}} this_module SECTION(".gnu.linkonce.this_module") = {{
	.name = NAME, .init = hello_init, .exit = hello_exit
}};
"""
KINDS = {  # rule -> how its module differs, and the function it is found in
    "crc": ("-DPRINTK=1 -DLICENCE='\"GPL\"'", "helper"),
    "gpl-only": ("-DGPL -DLICENCE='\"Proprietary\"'", "hello_init"),
    "relocation": ("-DOVERFLOW -DLICENCE='\"GPL\"'", "hello_init"),
}


def compiled(folder: Path, rule: str, debug: str) -> str:
    """A module that a kernel refuses for ``rule``."""
    name = f"{rule.replace('-', '_')}{debug.replace('-', '_')}"
    (folder / "hello.c").write_text(SOURCE)
    words = (
        f"-c -O1 -fno-pic -mcmodel=kernel -fcf-protection=none {debug} -DNAME='\"{name}\"' {KINDS[rule][0]}"
    )
    if "-DPRINTK" not in words:
        words += f" -DPRINTK={EXPORTS['_printk'].crc}"
    subprocess.run(["gcc", *shlex.split(words), "hello.c", "-o", f"{name}.ko"], cwd=folder, check=True)
    return f"{name}.ko"


def line(mark: str) -> int:
    return next(at for at, text in enumerate(SOURCE.split("\n"), 1) if f"/* {mark} */" in text)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The output for a module of each kind with debug information, and one without."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc on this machine")
    desk = Desk(tmp_path_factory.mktemp("places"))
    desk.kernel("made", exports={**EXPORTS, "far_away": FAR})
    modules = [compiled(desk.folder, rule, debug) for rule in KINDS for debug in ("-g", "-g0")]
    words = [word for form in FORMATS for word in ("--format", form, "-o", f"out.{form}")]
    command = [sys.executable, "-m", "pymodutils", "check", "-k", "made.json", "--no-cache", *words, *modules]
    done = subprocess.run(command, cwd=desk.folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    return {form: (desk.folder / f"out.{form}").read_text() for form in FORMATS}


@pytest.mark.slow
@pytest.mark.parametrize("rule", KINDS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_output_has_the_place(outputs: dict[str, str], form: str, rule: str) -> None:
    function, text = KINDS[rule][1], outputs[form].replace("\\_", "_")  # as Markdown escapes it
    assert re.search(rf"\bin {function}, hello\.c:{line(rule)}\b", text)
    assert re.search(rf"\bin {function}\+0x[0-9a-f]+\b", text)


@pytest.mark.slow
@pytest.mark.parametrize("rule", KINDS)
def test_reviews_show_the_line_of_the_source(outputs: dict[str, str], rule: str) -> None:
    found = [it for it in json.loads(outputs["sarif"])["runs"][0]["results"] if it["ruleId"] == rule]
    places = [it["locations"][0]["physicalLocation"] for it in found]
    name = rule.replace("-", "_")
    assert places == [
        {"artifactLocation": {"uri": "hello.c"}, "region": {"startLine": line(rule)}},
        {"artifactLocation": {"uri": f"{name}_g0.ko"}},
    ]
    annotations = [text for text in outputs["github"].splitlines() if f"%3A {rule}::" in text]
    assert [text.partition(",title=")[0] for text in annotations] == [
        f"::error file=hello.c,line={line(rule)}",
        f"::error file={name}_g0.ko",
    ]


def test_the_far_symbol_is_far() -> None:
    assert (FAR.address or 0) - KERNEL_TEXT not in range(-(1 << 31), 1 << 31)
